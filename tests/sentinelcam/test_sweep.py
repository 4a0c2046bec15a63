"""FaceSweep, by hand from docs/formats.md 1.7: which faces, in which order, and the columns to the last digit."""

from datetime import datetime

import cv2
import numpy as np
import pandas
import pytest

from deepthink.curation import facelist as module
from deepthink.curation.facelist import COLUMNS, IN_USE_COLUMN, Facelist, Status, editing
from deepthink.curation.review import rename
from deepthink.curation.sentinelcam import is_wanted, sweep_faces
from deepthink.curation.sweep import sweep
from deepthink.datasink.base import Mark
from deepthink.datasink.folder import FolderDatasink
from deepthink.datasink.labels import parse_label
from deepthink.detection.align import DlibChip
from deepthink.detection.haar_eyes import assess, enlarge
from deepthink.detection.quality import QualityRules
from deepthink.detection.sentinelcam import copy_hash
from deepthink.records import Box
from tests.sentinelcam.film import DAY, FACE, at, event_of, film, frame

HUGO = (
    "2026-03-02,8857f9a43908f227c59db9165b0ee76f,2026-03-02 08:41:10.142734,0,0,0,Hugo_Chavez,0.0,0.558189,0.024864,"
    "373,46,589,262,38,76,80,85,-42,-9,-347.9,74.73"
)
COLIN = (
    "2026-03-02,0f4205b4907a70c31012f037b64ce422,2026-03-02 08:07:26.562372,0,0,2,Colin_Powell,1.0,0.0,0.0,"
    "303,210,442,349,48,54,92,57,-44,-3,-356.1,160.77,2026-03-04"
)
ANN = "Ann: 99.01% (0.868943|0.095574|1|1)"


@pytest.mark.parametrize(
    ("label", "wanted"),
    [
        ("Ann: 99.01% (0.868943|0.095574|1|1)", True),
        ("Ann: 99.00% (0.868943|-0.095574|1|1)", False),  # agreed on, and never proposed
        ("Ann: 0.01% (0.500000|-0.200000|1|1)", False),
        ("Ann: 100.00% (0.500000|-0.200000|0|1)", False),  # not usable
        ("Unknown: 0.00% (0.990001|0.300000|1|1)", True),
        ("Unknown: 0.00% (0.990000|0.300000|1|1)", False),
        ("Unknown: 0.00% (0.500000|0.010000|1|1)", False),
        ("Ann: 0.00% (1.200000|0.049999|1|1)", True),
        ("Ann: 0.00% (1.200000|0.050000|1|1)", False),
    ],
)
def test_which_faces_are_proposed(label, wanted):
    assert is_wanted(parse_label(label)) is wanted


@pytest.fixture
def sink(tmp_path):
    return FolderDatasink(tmp_path / "data", tmp_path / "images")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "facelist.csv"


def faces(event, *labels, boxes=None, objids=None):
    return [
        Mark(at(event, n), objids[n] if objids else str(n), label, boxes[n] if boxes else FACE)
        for n, label in enumerate(labels)
    ]


def filmed(sink, letter, people, labels=None, minute=0, **more):
    event = event_of(letter, minute)
    pictures = {float(n): one if isinstance(one, bytes) else frame(one) for n, one in enumerate(people)}
    return film(sink, event, pictures, fr1=faces(event, *(labels or [ANN] * len(people)), **more))


def swept(sink, path):
    return sweep_faces(sink, sink.events(DAY), path)


@pytest.mark.parametrize("left", [-3, 195])  # reaching over the edge, and narrower than 96 pixels
def test_a_row_has_every_column_as_the_node_would_write_it(sink, path, left):
    event = filmed(sink, "a", [1], ["Hugo_Chavez: 0.00% (0.558189|0.024864|1|1)"], boxes=[Box(left, 102, 255, 162)])
    swept(sink, path)
    header, line = path.read_text().splitlines()
    crop = cv2.imdecode(np.frombuffer(frame(1), np.uint8), 1)[102:162, max(0, left) : 255]
    found = assess(enlarge(crop))
    eyes = found.eyes
    assert header == ",".join(COLUMNS)
    assert line == (
        f"{DAY},{event.event},2026-03-02 08:00:00.050631,0,0,0,Hugo_Chavez,0.0,0.558189,0.024864,"
        f"{max(0, left)},102,255,162,{eyes.rx},{eyes.ry},{eyes.lx},{eyes.ly},{eyes.dx},{eyes.dy},"
        f"{np.round(eyes.angle, 1)},{np.round(found.focus, 2)}"
    )


def test_the_numbers_are_the_shortest_that_read_back(sink, path):
    filmed(sink, "a", [1, 2, 3], ["Ann: 100.00% (0.500000|-0.250000|1|1)", "Ann: 99.10% (1.000000|0.000001|1|1)",
                                  "Ann: 0.00% (0.123456|-0.000000|1|1)"])  # fmt: skip
    swept(sink, path)
    numbers = [line.split(",")[7:10] for line in path.read_text().splitlines()[1:]]
    assert numbers == [["1.0", "0.5", "-0.25"], ["0.991", "1.0", "1e-06"], ["0.0", "0.123456", "-0.0"]]


@pytest.mark.parametrize("in_use", [False, True])
def test_pandas_writes_the_same_bytes(sink, path, in_use):
    if in_use:
        path.write_text(f"{','.join(COLUMNS)},{IN_USE_COLUMN}\n{HUGO},\n{COLIN}\n")
    filmed(sink, "a", [1, 2, 3, 5], [ANN, "Ann: 100.00% (0.100000|-0.000001|1|1)", "Ann: 99.99% (1.234560|0.1|1|1)",
                                     "Unknown: 0.00% (1.000000|0.300000|1|1)"])  # fmt: skip
    assert swept(sink, path).added == 4
    theirs = path.with_name("theirs.csv")
    pandas.read_csv(path, parse_dates=["timestamp"]).to_csv(theirs, index=False)
    assert theirs.read_bytes() == path.read_bytes()


def test_eyes_that_were_not_found_are_zeros_and_minus_180(sink, path):
    ramp = np.tile(np.linspace(0, 250, 640).astype(np.uint8), (480, 1))
    filmed(sink, "a", [cv2.imencode(".jpg", np.dstack([ramp] * 3))[1].tobytes()])
    swept(sink, path)
    assert ",195,102,255,162,0,0,0,0,0,0,-180.0," in path.read_text()


def test_the_example_rows_stay_byte_for_byte(sink, path):
    before = f"{','.join(COLUMNS)},{IN_USE_COLUMN}\n{HUGO},\n{COLIN}\n"
    path.write_text(before)
    filmed(sink, "a", [1])
    swept(sink, path)
    after = path.read_text()
    assert after.startswith(before)
    assert after.removeprefix(before).endswith(",\n")  # the new row's empty date_in_use
    assert after.count("\n") == 4


def test_the_newest_event_comes_first_and_its_faces_by_time(sink, path):
    filmed(sink, "a", [1, 2], minute=0)
    filmed(sink, "b", [3, 5], minute=5)
    swept(sink, path)
    assert [(row.frame.event[0], row.frame.time.second) for row in Facelist(path).rows.values()] == [
        ("b", 0), ("b", 1), ("a", 0), ("a", 1)]  # fmt: skip


def test_a_face_like_the_one_just_before_is_skipped_and_one_like_an_earlier_one_is_not(sink, path):
    filmed(sink, "b", [1, 2, 1], minute=5)
    filmed(sink, "a", [1, 3, 3], minute=0)  # its first face comes just after the other event's last
    report = swept(sink, path)
    assert [(row.frame.event[0], row.frame.time.second) for row in Facelist(path).rows.values()] == [
        ("b", 0), ("b", 1), ("b", 2), ("a", 1)]  # fmt: skip
    assert (report.added, report.alike) == (4, 2)


def test_a_face_without_any_contrast_is_like_nothing_before_the_first(sink, path):
    flat = cv2.imencode(".jpg", np.full((480, 640, 3), 90, np.uint8))[1].tobytes()
    filmed(sink, "a", [flat])
    assert copy_hash(np.full((60, 60, 3), 90, np.uint8)) == 0
    assert swept(sink, path).alike == 1
    assert not path.exists()


def test_the_copys_hash_is_of_the_raw_crop_brought_to_9_by_8_grey_pixels():
    rows = np.tile(np.arange(9, dtype=np.uint8) * 20, (8, 1))
    rows[7, 8] = 0  # the last pixel is darker than its neighbour
    assert copy_hash(np.dstack([rows] * 3)) == 2**64 - 2


def test_the_next_sweep_adds_nothing(sink, path):
    filmed(sink, "a", [1, 2])
    assert swept(sink, path).added == 2
    before = path.read_bytes()
    again = swept(sink, path)
    assert (again.added, again.known) == (0, 2)
    assert path.read_bytes() == before


def test_a_renamed_face_is_listed_again_here_and_not_by_our_rules(sink, path):  # B10
    filmed(sink, "a", [1])
    swept(sink, path)
    rename(path, [1], "Anna")
    ours = sweep(sink, sink.events(DAY), path, DlibChip(), QualityRules())
    assert (ours.added, ours.known) == (0, 1)
    assert swept(sink, path).added == 1
    assert [row.name for row in Facelist(path).rows.values()] == ["Anna", "Ann"]


def test_a_near_copy_of_an_earlier_picture_is_listed_here_and_not_by_our_rules(sink, path, tmp_path):
    filmed(sink, "a", [1, 2, frame(1, noise=1)], objids=["0", "1", "2"])
    assert swept(sink, path).added == 3
    ours = sweep(sink, sink.events(DAY), tmp_path / "ours.csv", DlibChip(), QualityRules())
    assert (ours.added, ours.alike) == (2, 1)


@pytest.mark.parametrize("bad", ["Ann Lee: 99.50% (0.4|0.1|1|1)", "Ann: nan% (0.4|0.1|1|1)", "Ann; 99%"])
def test_one_bad_label_costs_that_face_alone(sink, path, bad):  # B13
    filmed(sink, "a", [1, 2, 3], [ANN, bad, ANN])
    report = swept(sink, path)
    assert (report.seen, report.added, sink.problems.count) == (2, 2, 1)


@pytest.mark.parametrize("box", [Box(700, 10, 800, 110), Box(10, 500, 110, 600), Box(300, 200, -20, -20)])
def test_a_box_outside_the_frame_costs_its_face_alone(sink, path, box):  # B8
    filmed(sink, "a", [1, 2, 3], boxes=[FACE, box, FACE])
    report = swept(sink, path)
    assert (report.added, report.lost) == (2, 1)


@pytest.mark.parametrize("content", [b"", frame()[:9000], b"no jpeg"])
def test_a_missing_or_damaged_picture_gives_no_row(sink, path, content):  # B7
    filmed(sink, "a", [1, content, 2], boxes=[FACE, Box(0, 0, 60, 60), FACE])
    report = swept(sink, path)
    assert (report.added, report.lost) == (2, 1)


def test_a_whole_second_keeps_its_digits(sink, path):  # B1
    event = event_of("a")
    event = type(event)(**{**vars(event), "start": datetime(2026, 3, 2, 8)})
    film(sink, event, {0.0: frame()}, fr1=faces(event, ANN))
    swept(sink, path)
    assert ",2026-03-02 08:00:00.000000," in path.read_text()
    assert swept(sink, path).known == 1


def test_rows_that_others_add_in_the_meantime_are_kept(sink, path):  # B4
    filmed(sink, "a", [1])
    other = "\n".join([",".join(COLUMNS), HUGO, ""])
    sweep_faces(sink, sink.events(DAY), path, progress=lambda event: path.write_text(other))
    assert [row.name for row in Facelist(path).rows.values()] == ["Hugo_Chavez", "Ann"]


@pytest.mark.parametrize("exact", [True, False])
def test_a_sweep_parses_no_row_that_is_listed(sink, path, monkeypatch, exact):  # B26
    lines = [HUGO.replace("08:41:10.142734", f"08:41:10.{number:06d}") for number in range(2000)]
    path.write_text("\n".join([",".join(COLUMNS), *lines, ""]))
    with path.with_suffix(".hashes.npy").open("wb") as file:
        np.save(file, np.zeros(2000, np.uint64))
    filmed(sink, "a", [1, 2])
    parsed = []
    monkeypatch.setattr(module, "parse_row", lambda *given: parsed.append(given))
    report = swept(sink, path) if exact else sweep(sink, sink.events(DAY), path, DlibChip(), QualityRules())
    assert (report.added, parsed) == (2, [])


def test_a_selected_or_refused_face_is_not_proposed_again_whatever_its_status(sink, path):
    filmed(sink, "a", [1, 2])
    swept(sink, path)
    with editing(path) as listed:
        listed[1] = listed[1].changed(status=Status.REMOVE)
        listed[2] = listed[2].changed(status=Status.REVOKED)
    assert swept(sink, path).added == 0


@pytest.mark.parametrize("text", [ANN, "Unknown: 0.00% (0.990001|-0.300000|0|12)"])
def test_a_label_reads_back_as_it_was_written(text):
    assert str(parse_label(text)) == text


def test_days_are_swept_apart_each_newest_event_first(sink, path):
    for day in ("2026-03-02", "2026-03-03"):
        for letter, minute in (("a", 0), ("b", 5)):
            event = event_of(letter, minute, day)
            film(sink, event, {0.0: frame()}, fr1=faces(event, ANN))
    events = [event for day in sink.dates() for event in sink.events(day)]
    report = sweep_faces(sink, events, path)
    # all four pictures are alike: each day's first is taken, because a task starts with nothing before it
    assert [(row.frame.date, row.frame.event[0]) for row in Facelist(path).rows.values()] == [
        ("2026-03-02", "b"), ("2026-03-03", "b")]  # fmt: skip
    assert report.alike == 2
