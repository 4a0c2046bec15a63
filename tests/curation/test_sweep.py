"""The sweep: recognised faces in, candidates out, each once."""

from datetime import datetime, timedelta

import cv2
import numpy as np
import pytest

from deepthink.curation.facelist import Eyes, Facelist, Row, Status, editing
from deepthink.curation.hashes import HashBook, difference_hash
from deepthink.curation.review import remove, rename
from deepthink.curation.sweep import SweepRules, lane, sweep
from deepthink.datasink.base import RECOGNITIONS, Event, Mark
from deepthink.datasink.folder import FolderDatasink, format_time
from deepthink.datasink.labels import Label
from deepthink.detection.align import DlibChip
from deepthink.detection.quality import QualityRules
from deepthink.records import Box, FrameKey
from deepthink.simulate.residents import View, draw, imagine
from deepthink.simulate.stage import CAMERAS, expose, put, scene

DAY, START = "2026-03-02", datetime(2026, 3, 2, 8)
BUST = 360  # pixels; its face is about two fifths of it across
FACE = Box(150 + 108, 80 + 100, 150 + 252, 80 + 244)
KNOWN = Label("Ann", 0.999, 0.4, -0.2, True, 1)


@pytest.fixture(scope="module")
def aligner():
    return DlibChip()


@pytest.fixture(scope="module")
def frames():
    """Five people, each filmed once; the first once more, with other noise."""
    rng = np.random.default_rng(0)
    seen = []
    for seed, yaw in ((1, 0), (1, 0), (2, 4), (3, -5), (4, 6), (5, -3)):
        picture = scene(CAMERAS[0])
        put(picture, *draw(imagine(seed), View(yaw=yaw), BUST), 150, 80)
        seen.append(expose(picture, rng, 0))
    return seen


@pytest.fixture
def sink(tmp_path):
    return FolderDatasink(tmp_path / "data", tmp_path / "images")


def film(sink, name, pictures, labels=None, boxes=None, day=DAY, objids=None):
    """Write an event with one face a frame: pictures, and what recognition said of them."""
    event = Event(
        day, name * 32, "alpha5/PiCam3", "alpha5", "PiCam3", START + timedelta(hours=ord(name) - 97), 640, 480
    )
    marks = []
    for number, picture in enumerate(pictures):
        time = event.start + timedelta(seconds=number)
        path = sink.picture_path(FrameKey(day, event.event, time))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture)
        text = str(labels[number] if labels else KNOWN)
        objid = objids[number] if objids else str(number)
        marks.append(Mark(time, objid, text, boxes[number] if boxes else FACE))
    sink.write(event, RECOGNITIONS, marks)


def swept(sink, aligner, path, **rules):
    return sweep(sink, sink.events(DAY), path, aligner, QualityRules(), SweepRules(**rules))


def test_usable_faces_become_candidates_with_what_recognition_said(sink, aligner, frames, tmp_path):
    path = tmp_path / "facelist.csv"
    film(sink, "a", frames[2:4], [KNOWN, Label("Unknown", 0.0, 1.1, 0.5, True, 1)])
    report = swept(sink, aligner, path)
    assert (report.events, report.seen, report.added) == (1, 2, 2)
    ann, nobody = Facelist(path).rows.values()
    assert (ann.name, ann.status, ann.probability, ann.distance, ann.margin) == (
        "Ann",
        Status.CANDIDATE,
        0.999,
        0.4,
        -0.2,
    )
    assert (nobody.name, ann.box, ann.frame.time) == ("Unknown", FACE, START)
    assert ann.eyes.found
    assert ann.eyes.rx < ann.eyes.lx
    assert ann.focus > 5


def test_the_next_sweep_adds_nothing(sink, aligner, frames, tmp_path):
    path = tmp_path / "facelist.csv"
    film(sink, "a", frames[2:])
    assert swept(sink, aligner, path).added == 4
    before = path.read_bytes()
    again = swept(sink, aligner, path)
    assert (again.added, again.known) == (0, 4)
    assert path.read_bytes() == before


def test_a_face_that_was_renamed_or_refused_is_not_proposed_again(sink, aligner, frames, tmp_path):  # B10
    path = tmp_path / "facelist.csv"
    film(sink, "a", frames[2:4])
    swept(sink, aligner, path)
    rename(path, [1], "Anna")
    remove(path, [2])
    assert swept(sink, aligner, path).added == 0


def test_one_bad_label_costs_that_face_alone(sink, aligner, frames, tmp_path):  # B13
    labels = ["Ann Lee: 99.00% (0.4|0.1|1|1)", "Ann: nan% (0.4|0.1|1|1)", KNOWN, "Ann: 9% (1|1|1|" + "9" * 5000 + ")"]
    film(sink, "a", frames[2:], labels)
    film(sink, "b", frames[:1])
    report = swept(sink, aligner, tmp_path / "facelist.csv")
    assert (report.seen, report.added) == (2, 2)
    assert sink.problems.count == 3


def test_an_object_number_without_end_does_not_stop_the_sweep(sink, aligner, frames, tmp_path):
    film(sink, "a", frames[2:5], objids=["9" * 5000, "x", "7"])
    assert swept(sink, aligner, tmp_path / "facelist.csv").added == 3
    assert sorted(row.objid for row in Facelist(tmp_path / "facelist.csv").rows.values()) == [0, 0, 7]


def test_a_missing_or_damaged_picture_costs_its_face_alone(sink, aligner, frames, tmp_path):  # B7
    film(sink, "a", [b"", frames[2][:4000], frames[3], b"no jpeg"])
    report = swept(sink, aligner, tmp_path / "facelist.csv")
    assert (report.added, report.lost) == (1, 3)


def test_a_box_outside_the_frame_costs_its_face_alone(sink, aligner, frames, tmp_path):  # B8
    boxes = [Box(700, 10, 800, 110), Box(10, 500, 110, 600), Box(-90, -90, -10, -10), FACE]
    film(sink, "a", frames[2:], boxes=boxes)
    report = swept(sink, aligner, tmp_path / "facelist.csv")
    assert (report.added, report.lost) == (1, 3)


def test_a_face_that_recognition_called_unusable_is_not_proposed(sink, aligner, frames, tmp_path):
    film(sink, "a", frames[2:3], [Label("Ann", 0.9, 0.4, 0.1, False, 1)])
    report = swept(sink, aligner, tmp_path / "facelist.csv")
    assert (report.unusable, report.added) == (1, 0)
    assert not (tmp_path / "facelist.csv").exists()


def test_a_near_copy_is_proposed_once_even_from_another_event(sink, aligner, frames, tmp_path):
    path = tmp_path / "facelist.csv"
    film(sink, "a", frames[:1])
    film(sink, "b", frames[1:2])
    report = swept(sink, aligner, path)
    assert (report.added, report.alike) == (1, 1)


def test_a_near_copy_is_known_by_a_later_sweep_whose_hashes_were_lost(sink, aligner, frames, tmp_path):
    path = tmp_path / "facelist.csv"
    film(sink, "a", frames[:1])
    swept(sink, aligner, path)
    path.with_suffix(".hashes.npy").write_bytes(b"damaged")
    film(sink, "b", frames[1:2])
    assert swept(sink, aligner, path).added == 0


def test_one_tracked_person_gives_at_most_as_many_candidates_an_event_as_asked(sink, aligner, frames, tmp_path):
    path = tmp_path / "facelist.csv"
    film(sink, "a", frames[2:], objids=["0", "0", "0", "1"])
    report = swept(sink, aligner, path, per_event=2)
    assert (report.added, report.alike) == (3, 1)
    assert swept(sink, aligner, path, per_event=2).added == 0


def test_a_negative_corner_is_listed_as_zero_and_known_again(sink, aligner, frames, tmp_path):
    path = tmp_path / "facelist.csv"
    film(sink, "a", frames[2:3], boxes=[Box(-8, -4, 402, 324)])
    assert swept(sink, aligner, path).added == 1
    assert Facelist(path)[1].box == Box(0, 0, 402, 324)
    assert swept(sink, aligner, path).known == 1


def test_rows_that_others_added_in_the_meantime_are_kept(sink, aligner, frames, tmp_path):  # B4
    path = tmp_path / "facelist.csv"
    film(sink, "a", frames[2:3])

    def meanwhile(event):
        with editing(path) as facelist:
            facelist.append(listed("Bob"))

    sweep(sink, sink.events(DAY), path, aligner, QualityRules(), progress=meanwhile)
    assert [row.name for row in Facelist(path).rows.values()] == ["Bob", "Ann"]


def test_a_whole_second_without_a_fraction_is_swept_like_any_other(sink, aligner, frames, tmp_path):  # B1
    path = tmp_path / "facelist.csv"
    film(sink, "a", frames[2:3])
    for file in (sink.data / DAY).glob("*.csv"):
        file.write_text(file.read_text().replace(format_time(START), START.isoformat()))
    assert swept(sink, aligner, path).added == 1
    assert "08:00:00.000000" in path.read_text()


def listed(name="Ann", probability=0.999, distance=0.4):
    key = FrameKey("2026-03-01", "f" * 32, START)
    return Row(key, 0, Status.CANDIDATE, name, probability, distance, -0.1, Box(1, 2, 30, 40), Eyes(), 50.0)


@pytest.mark.parametrize(
    ("row", "which"),
    [
        (listed(), "confident"),
        (listed(probability=0.9), "borderline"),
        (listed(distance=0.9), "borderline"),
        (listed("Unknown"), "unknown"),
    ],
)
def test_the_lane_says_how_much_a_reviewer_must_think(row, which):
    assert lane(row) == which


def grain(seed):
    noise = np.random.default_rng(seed).integers(0, 255, (12, 12, 3), dtype=np.uint8)
    return cv2.resize(noise, (120, 120), interpolation=cv2.INTER_CUBIC)


def test_the_hash_survives_compression_and_brightness():
    face = grain(1)
    squeezed = cv2.imdecode(cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_COLOR)
    for other in (squeezed, (face * 0.8).astype(np.uint8)):
        assert (difference_hash(face) ^ difference_hash(other)).bit_count() <= 3


def test_different_pictures_have_far_hashes():
    assert (difference_hash(grain(1)) ^ difference_hash(grain(2))).bit_count() > 12


def test_the_book_refuses_what_is_within_tolerance_and_remembers_it(tmp_path):
    path = tmp_path / "facelist.csv"
    book = HashBook(path, {}, lambda row: 0)
    assert [book.add(one, 2) for one in (0b1111, 0b1110, 0b1000)] == [True, False, True]
    book.save()
    again = HashBook(path, {1: listed(), 2: listed()}, lambda row: pytest.fail("the hash is known"))
    assert not again.add(0b1111, 0)


def test_a_picture_that_is_gone_is_like_no_other(tmp_path):
    book = HashBook(tmp_path / "facelist.csv", {1: listed()}, lambda row: 0)
    assert book.add(0b1, 3)
    assert book.add(0, 64)


@pytest.mark.parametrize("content", [b"", b"damaged", b"\x93NUMPY", b"PK\x05\x06" + bytes(18), b"PK\x03\x04"])
def test_damaged_hashes_are_made_again(tmp_path, content):
    (tmp_path / "facelist.hashes.npy").write_bytes(content)
    assert not HashBook(tmp_path / "facelist.csv", {1: listed()}, lambda row: 0b1111).add(0b1111, 0)
