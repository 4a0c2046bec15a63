"""Which classifier has a say beside the distance: the one that misses fewest residents."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from deepthink.model.alternatives import SVM, linear_machines
from deepthink.model.artifact import Recogniser, read_recogniser, write_recogniser
from deepthink.model.contest import ranked
from deepthink.model.linear import Linear
from deepthink.model.openset import Rule
from deepthink.model.train import learn
from tests.conftest import crowd
from tests.model.test_alternatives import gallery


@pytest.fixture(scope="module")
def trained():
    data, strangers = gallery(6, 0.05), crowd(80, 1, 1, seed=9, spread=0.05)[0]
    return data, strangers, learn(data, strangers, preset="quick", fpir=0.05)


def who(data):
    return np.unique(data.people, return_inverse=True)[1]


def test_the_support_vector_machine_stays_where_nobody_does_clearly_better(trained):
    _, _, report = trained
    assert {entry.name for entry in report.contest} == {SVM, "distance alone", *linear_machines()}
    assert report.contest[0].name == SVM
    assert report.as_dict()["machine"] == SVM


def missing(entry, events):
    """The entry, had it missed so many of 100 events of residents."""
    return replace(entry, calibration=replace(entry.calibration, own=100, fnir_seen=events / 100))


@pytest.mark.parametrize(("other", "wins"), [(9, False), (8, True)])
def test_another_takes_its_place_where_it_misses_two_events_fewer(trained, other, wins):
    by_name = {entry.name: missing(entry, 10) for entry in trained[2].contest}
    by_name["linear discriminant"] = missing(by_name["linear discriminant"], other)
    by_name["distance alone"] = missing(by_name["distance alone"], 0)
    assert ranked(list(by_name.values()))[0].name == ("linear discriminant" if wins else SVM)


def test_without_reviewed_strangers_no_other_wins_however_few_it_misses(trained):
    """With residents left out as the only strangers, logistic regression won on photographs and named 9 of 120."""
    by_name = {entry.name: missing(entry, 10) for entry in trained[2].contest}
    by_name["logistic regression"] = missing(by_name["logistic regression"], 0)
    assert ranked(list(by_name.values()), 19)[0].name == SVM
    assert ranked(list(by_name.values()), 20)[0].name == "logistic regression"
    assert len(ranked(list(by_name.values()), 0)) == len(by_name)


def test_the_site_may_insist_on_the_support_vector_machine(trained):
    data, strangers, _ = trained
    report = learn(data, strangers, preset="quick", classifier="svm")
    assert [entry.name for entry in report.contest] == [SVM]


def test_where_nothing_can_be_held_out_no_other_is_tried():
    vectors, people, where = crowd(4, 1, 3, seed=2)
    keys = tuple(f"P{p}/{e}|{n:03d}|b|s" for n, (p, e) in enumerate(zip(people, where, strict=True)))
    report = learn(replace(gallery(4, 0.05), keys=keys, vectors=vectors), crowd(30, 1, 1, seed=9)[0], preset="quick")
    assert [entry.name for entry in report.contest] == [SVM, "distance alone"]


@pytest.mark.parametrize("people", [2, 5])
@pytest.mark.parametrize("name", list(linear_machines()))
def test_a_linear_machine_gives_what_scikit_learns_gives(people, name):
    vectors, owner, _ = crowd(people, 6, 3, seed=1)
    fitted = linear_machines()[name].fit(vectors, owner)
    mine = Linear.of(name, fitted).probabilities(vectors)
    assert mine == pytest.approx(fitted.predict_proba(vectors), abs=1e-5)


def test_a_person_left_out_is_answered_for_by_the_others():
    vectors, owner, _ = crowd(4, 6, 3, seed=1)
    machine = Linear.of("logistic regression", LogisticRegression(C=100).fit(vectors, owner))
    rest = machine.without(2).probabilities(vectors)
    kept = np.delete(machine.probabilities(vectors), 2, axis=1)
    assert rest == pytest.approx(kept / kept.sum(axis=1, keepdims=True))


def test_a_linear_recogniser_answers_the_same_after_writing_and_reading(trained, tmp_path):
    data, _, report = trained
    fitted = LogisticRegression().fit(data.vectors, who(data))
    rule = Rule(report.recogniser.people, report.recogniser.rule.centroids, report.recogniser.rule.thresholds, 0.2)
    written = Recogniser(rule, Linear.of("logistic regression", fitted), "x")
    write_recogniser(tmp_path / "recogniser_a.npz", written)
    read = read_recogniser(tmp_path / "recogniser_a.npz")
    assert read.classifier.machine == "logistic regression"
    assert read.identify(data.vectors) == written.identify(data.vectors)
    assert any(answer.probability < 0.999 for answer in read.identify(data.vectors))
