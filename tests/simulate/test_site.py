"""People who do not exist, and the site that films them."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from deepthink.datasink.folder import FolderDatasink
from deepthink.detection.opencv import CascadeDetector
from deepthink.errors import BadInputError
from deepthink.flow.truth import present, read_truth
from deepthink.simulate.plan import drawn_plan, photograph_plan, simulate
from deepthink.simulate.residents import View, draw, glance, imagine


def digest(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def filmed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("filmed")
    plan = drawn_plan(seed=5, residents=2, strangers=5)
    simulate(folder, plan.only("enrol"))
    return folder, plan


def test_the_same_seed_films_the_same_bytes(filmed, tmp_path):
    folder, plan = filmed
    simulate(tmp_path, plan.only("enrol"))
    assert digest(tmp_path) == digest(folder)


def test_another_seed_films_other_people():
    assert imagine(5000) != imagine(6000)
    assert drawn_plan(5).residents == drawn_plan(6).residents
    one, other = (draw(imagine(seed), View(), 200)[0] for seed in (5000, 6000))
    assert np.abs(one.astype(int) - other).mean() > 5


def test_a_site_is_a_datasink_as_sentinelcam_writes_it(filmed):
    folder, plan = filmed
    sink = FolderDatasink(folder / "datasink/data", folder / "datasink/images")
    assert sink.dates() == plan.dates("enrol")
    events = [event for date in sink.dates() for event in sink.events(date)]
    assert len(events) == plan.only("enrol").events
    assert all(len(sink.times(event)) == 4 and len(event.event) == 32 for event in events)
    assert {event.camera for event in events} == {"alpha5/PiCam3", "beta1/Porch"}
    assert sink.problems.count == 0


def test_a_day_that_was_begun_and_killed_is_filmed_again_the_same(filmed, tmp_path):
    folder, plan = filmed
    simulate(tmp_path, plan.only("enrol"))
    day = plan.dates("enrol")[1]
    (tmp_path / "datasink/data" / day / "camwatcher.csv").unlink()
    next((tmp_path / "datasink/images" / day).glob("*.jpg")).unlink()
    simulate(tmp_path, plan.only("enrol"))
    lines = sorted((tmp_path / "truth.csv").read_text().splitlines())
    assert lines == sorted((folder / "truth.csv").read_text().splitlines())
    assert {k: v for k, v in digest(tmp_path).items() if k != "truth.csv"} == {
        k: v for k, v in digest(folder).items() if k != "truth.csv"
    }


def test_the_truth_tells_residents_from_strangers_and_faces_from_backs(filmed):
    folder, plan = filmed
    lines = list(read_truth(folder / "truth.csv"))
    assert {one.person for one in lines if one.resident} == plan.residents
    assert any(not one.resident for one in lines)
    assert any(len(people) == 2 for people in present(folder / "truth.csv").values())


def test_a_detector_finds_most_faces_and_hardly_any_of_the_turned_ones():
    detector, rng = CascadeDetector(), np.random.default_rng(3)
    found = dict.fromkeys((False, True), 0)
    for seed in range(100, 130):
        for turned in found:
            bust, opacity = draw(imagine(seed), glance(rng, turned), 340)
            picture = (bust * opacity[..., None] + 150 * (1 - opacity[..., None])).astype(np.uint8)
            found[turned] += bool(detector.detect(picture))
    assert found[False] >= 27
    assert found[True] <= 6


def test_a_bust_fills_its_picture_and_leaves_the_rest_open():
    bust, opacity = draw(imagine(1), View(), 240)
    assert bust.shape == (240, 240, 3)
    assert opacity.min() == 0
    assert opacity[120, 120] == 1


def test_photographs_are_filmed_one_an_event(faces):
    plan = photograph_plan(faces)
    assert [len(day.parties) for day in plan.days] == [96, 96, 264]
    assert (len(plan.residents), len(plan.strangers)) == (24, 120)


def test_a_folder_without_photographs_says_what_is_looked_for(tmp_path):
    with pytest.raises(BadInputError, match=r"residents/<Name>/\*\.jpg"):
        photograph_plan(tmp_path)
