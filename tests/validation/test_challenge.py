"""Champion and challenger: a worse version never passes, an equal one nearly always does."""

import numpy as np
import pytest

from deepthink.embedding.facedata import FaceData
from deepthink.model.train import learn
from deepthink.validation.challenge import challenge, challenge_gates, uncompared
from deepthink.validation.gates import Limits, outcome
from deepthink.validation.metrics import Asked
from deepthink.validation.validate import validate
from tests.conftest import crowd

PEOPLE, EVENTS = 16, 10


def asked(number, really, named, strangers=0):
    return Asked(f"d|{number:03d}", "c", frozenset(really), strangers, frozenset(named), 1)


def test_the_p_value_is_the_exact_binomials():
    right = [asked(n, {"ann"}, {"ann"}) for n in range(10)]
    wrong = [asked(n, {"ann"}, set()) for n in range(10)]
    found = challenge("alpha", [*right[:8], *wrong[8:]], [*wrong[:8], *right[8:]], [])
    assert (found.lost, found.gained) == (8, 2)
    assert found.p_value == pytest.approx(56 / 1024)  # 8, 9 or 10 heads of 10


def test_flips_are_sorted_by_the_harm_they_do():
    before = [asked(0, {"ann"}, {"ann"}), asked(1, {"ann"}, {"ann"}), asked(2, {}, {}, 1), asked(3, {"bob"}, {})]
    after = [asked(0, {"ann"}, set()), asked(1, {"ann"}, {"bob"}), asked(2, {}, {"bob"}, 1), asked(3, {"bob"}, {"bob"})]
    flips = challenge("alpha", before, after, []).flips
    assert [(flip.event[-1], flip.harm) for flip in flips] == [("2", 3), ("1", 2), ("0", 1), ("3", 0)]
    assert flips[0].really == ("a stranger",)


def test_a_version_that_forgets_somebody_does_not_pass():
    right = [asked(n, {"ann"}, {"ann"}) for n in range(10)]
    gates = challenge_gates(challenge("alpha", right, right, ["bob"]))
    assert [gate.name for gate in gates if not gate.passed] == ["people"]
    assert outcome(gates) == "fail"


def test_a_person_who_is_never_named_any_more_is_lost_whatever_the_gallery_says():
    before = [asked(n, {"ann"}, {"ann"}) for n in range(60)] + [asked(n, {"bob"}, {"bob"}) for n in range(60, 63)]
    after = [*before[:60], *(asked(n, {"bob"}, set()) for n in range(60, 63))]
    found = challenge("alpha", before, after, [])
    assert found.p_value > 0.05  # too few to be beyond chance
    assert found.missing == ("bob",)
    assert challenge("alpha", before, [*after[:62], before[62]], []).missing == ()


def test_versions_that_cannot_be_asked_side_by_side_are_shown_to_a_person():
    right = [asked(n, {"ann"}, {"ann"}) for n in range(10)] + [asked(n, {}, {}, 1) for n in range(10)]
    verdict = validate("beta", right, Limits(), uncompared("alpha", "another embedder"))
    assert (verdict.outcome, verdict.passed, verdict.challenge) == ("needs a person", False, None)


def test_a_striking_improvement_is_shown_to_a_person():
    right = [asked(n, {"ann"}, {"ann"}) for n in range(10)]
    wrong = [asked(n, {"ann"}, set()) for n in range(10)]
    assert outcome(challenge_gates(challenge("alpha", wrong, right, []))) == "needs a person"


@pytest.fixture(scope="module")
def site():
    """Sixteen people of ten events, and eighty strangers."""
    return crowd(PEOPLE, EVENTS, 1, seed=5), crowd(80, 1, 1, seed=6)[0]


def trained(vectors, who, events, chosen, strangers):
    keys = [f"P{person:02d}/{event}|t|b|s" for person, event in zip(who[chosen], events[chosen], strict=True)]
    order = np.argsort(keys)
    data = FaceData(tuple(np.array(keys)[order].tolist()), vectors[chosen][order], "x")
    return learn(data, strangers, preset="quick").recogniser


def ask(recogniser, probes, names, people):
    answers = recogniser.identify(probes)
    return [
        asked(number, {name} & people, {answer.person} - {None}, int(name not in people))
        for number, (answer, name) in enumerate(zip(answers, names, strict=True))
    ]


def split(who, rng):
    """Return which faces are trained on, which by the champion, and which are asked."""
    order = np.concatenate([rng.permutation(np.flatnonzero(who == person)) for person in range(PEOPLE)])
    place = np.arange(len(order)) % EVENTS
    return order[place < 5], order[(place >= 2) & (place < 7)], order[place >= 7]


def verdict(champion, challenger, site, asking):
    (vectors, who, _), strangers = site
    probes = np.concatenate([vectors[asking], strangers[40:]])
    names = [*(f"P{person:02d}" for person in who[asking]), *["somebody"] * 40]
    people = frozenset(challenger.people)
    before, after = (ask(one, probes, names, people) for one in (champion, challenger))
    missing = set(champion.people) - set(challenger.people)
    return validate("beta", after, Limits(), challenge("alpha", before, after, sorted(missing)))


def test_an_equal_version_passes_in_nineteen_of_twenty_splits(site):
    (vectors, who, events), strangers = site
    outcomes = []
    for seed in range(20):
        new, old, asking = split(who, np.random.default_rng(seed))
        versions = [trained(vectors, who, events, chosen, strangers[:40]) for chosen in (old, new)]
        outcomes.append(verdict(*versions, site, asking).outcome)
    assert outcomes.count("pass") >= 19


@pytest.mark.parametrize("fault", ["half of the people", "swapped labels"])
def test_a_worse_version_never_passes(site, fault):
    (vectors, who, events), strangers = site
    for seed in range(8):
        new, old, asking = split(who, np.random.default_rng(seed))
        champion = trained(vectors, who, events, old, strangers[:40])
        named = who.copy()
        if fault == "half of the people":
            new = new[who[new] < PEOPLE // 2]
        else:
            swapped = np.random.default_rng(seed).choice(new, len(new) // 3, replace=False)
            named[swapped] = (who[swapped] + 1 + seed % 5) % PEOPLE
        challenger = trained(vectors, named, events, new, strangers[:40])
        assert verdict(champion, challenger, site, asking).outcome == "fail"
