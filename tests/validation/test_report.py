"""The page holds what was found, with pictures, and nothing of it can be mistaken for markup."""

from dataclasses import replace

import pytest

from deepthink.validation.challenge import challenge
from deepthink.validation.gates import Limits
from deepthink.validation.metrics import Rate
from deepthink.validation.report import Faces, write_report
from deepthink.validation.validate import validate
from tests.validation.test_study import event

TRAINING = {
    "people": 2, "faces": 9, "events": 5, "faces_per_person": {"ann": 5}, "events_per_person": {"ann": 3},
    "classifier": None, "cross_validated_accuracy": None,
    "calibration": {"threshold": 0.5, "fpir": 0.01, "strangers": 3, "cohort": 4, "fpir_interval": [0.0, 0.05],
                    "fnir_interval": [0.0, 0.1]},
}  # fmt: skip


def page(tmp_path, asked, before=None, faces=Faces(), **more):
    verdict = validate("beta", asked, Limits(), challenge("alpha", before, asked, []) if before else None, **more)
    write_report(tmp_path / "report.html", verdict, TRAINING, faces)
    return (tmp_path / "report.html").read_text(encoding="utf-8")


def test_wrong_answers_come_with_the_faces_and_the_one_they_were_taken_for(tmp_path):
    asked = [event(0, "Unknown", ["ann"], -0.1, answers=["ann"] * 9), event(1, "ann", ["ann"], -0.2, answers=["ann"])]
    shown = []

    def show(look):
        shown.append(look.frame.event)
        return f"data:image/jpeg;base64,{look.frame.event}"

    text = page(tmp_path, asked, faces=Faces(show, {"ann": asked[1].looks[0]}))
    wrong = text[text.index("Wrong answers") : text.index("Each person")]
    assert wrong.count("base64,0") == 4  # no more of one event
    assert wrong.count("base64,1") == 1  # ann, for whom the stranger was taken
    assert "really a stranger" in wrong.lower()


def test_what_would_change_is_told_with_pictures(tmp_path):
    after = [event(0, "Unknown", ["ann"], -0.1, answers=["ann"]), event(1, "ann", ["ann"], answers=["ann"])]
    before = [replace(after[0], named=frozenset()), after[1]]
    text = page(tmp_path, after, before, Faces(lambda look: f"data:,{look.frame.event}"))
    change = text[text.index("What would change") : text.index("Wrong answers")]
    assert "alpha said Unknown" in change
    assert "beta says ann" in change
    assert "data:,0" in change
    assert "data:,1" not in change


def test_a_page_without_pictures_is_whole(tmp_path):
    text = page(tmp_path, [event(0, "ann", [], 0.2, answers=["Unknown"])], notes=["mia is known from 1 event."])
    assert "<img" not in text
    assert "mia is known from 1 event." in text
    assert "By hour" in text
    assert "DET" in text


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        ({"watt_hours": 1.2342, "measured_seconds": 2040.0}, "1.23 Wh over 34 min, 2.2 W mean"),
        ({"watt_hours": 0.0, "measured_seconds": 0.4}, "0 Wh over 0 s, 0.0 W mean"),
        ({"watt_hours": None, "measured_seconds": 0.0}, "not measured on this machine"),
        (
            {"unknown": "it has no power sensor that is known here"},
            "this machine: it has no power sensor that is known",
        ),
        (None, "not measured on this machine"),
    ],
)
def test_what_training_took_is_told_or_said_to_be_unknown(measured, said, tmp_path):
    verdict = validate("beta", [event(0, "ann", ["ann"], answers=["ann"])], Limits(), None)
    write_report(tmp_path / "report.html", verdict, {**TRAINING, "energy": measured})
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert said in text[text.index("<th>energy</th>") :]


def test_names_are_text_and_the_page_asks_nobody_for_anything(tmp_path):
    name = '<script src="//x"></script>'
    text = page(tmp_path, [event(0, name, [name], apart={name: 0.2, "bob": 0.9})], unenrolled=Rate(1, 3))
    assert "<script" not in text
    assert 'src="http' not in text
    assert "<link" not in text


def test_expectations_that_were_not_met_are_said(tmp_path):
    wrong = [event(n, "Unknown", ["ann"], -0.1) for n in range(30)]
    text = page(tmp_path, wrong)
    assert "otherwise" in text
    assert "as expected" in page(tmp_path, [event(n, "Unknown") for n in range(30)])
