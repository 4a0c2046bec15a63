"""What recognition has said is read event by event; what is damaged, gone or says nothing is not counted."""

import json
from datetime import datetime, timedelta

import pytest

from deepthink.datasink.base import RECOGNITIONS, TRACKING, Mark
from deepthink.datasink.folder import FolderDatasink
from deepthink.learning.sightings import FILE, UNSURE, UNUSABLE, gather, merged, read_sightings, write_sightings
from deepthink.records import Box

START = datetime(2026, 3, 2, 8, 0, 0, 5)


@pytest.fixture
def street(tmp_path):
    """Make events of one camera, each of labels, one face a label."""
    sink = FolderDatasink(tmp_path / "data", tmp_path / "images")
    folder = tmp_path / "data/2026-03-02"
    folder.mkdir(parents=True)

    def seen(*labels, event="a1", trk=("person: 0.9",), answered=True):
        at = START.isoformat(timespec="microseconds")
        with (folder / "camwatcher.csv").open("a") as index:
            index.write(f"alpha5,PiCam3,{at},{event},640,480,trk\n")
        here = next(one for one in sink.events("2026-03-02") if one.event == event)
        marks = [Mark(START + timedelta(seconds=n), "1", name, Box(-5, 10, 300, 400)) for n, name in enumerate(trk)]
        sink.write(here, TRACKING, marks)
        faces = [Mark(START + timedelta(seconds=n), "1", label, Box(-5, 2, 3, 4)) for n, label in enumerate(labels)]
        if answered:
            sink.write(here, RECOGNITIONS, faces)
        return sink

    return seen


def read(sink):
    return gather(sink, sink.events("2026-03-02"))


def label(name, distance, usable=1):
    return f"{name}: {0 if name == 'Unknown' else 99}.00% ({distance:.6f}|{distance - 0.6:.6f}|{usable}|1)"


def test_an_event_is_told_in_medians_of_its_usable_faces(street):
    faces = [label("Ann", 0.3), label("Ann", 0.5), label("Ann", 0.4), label("Ann", 0.9, usable=0)]
    (one,) = read(street(*faces, label("Unknown", 0.8)))
    assert (one.camera, one.faces, one.names, one.somebody) == ("alpha5/PiCam3", 5, ("Ann",), True)
    assert (one.distances, one.unknown, one.usable) == ({"Ann": 0.4}, True, 0.8)
    assert one.near == pytest.approx(0.2)
    times = {kind: key.split("|")[2][17:19] for kind, key in one.shows.items()}
    assert times == {"Ann": "01", UNSURE: "04", UNUSABLE: "03"}
    assert one.shows["Ann"] == "2026-03-02|a1|2026-03-02T08:00:01.000005|(0,2,3,4)"


def test_what_a_recogniser_said_that_knew_nobody_says_nothing_of_distance_or_strangers(street):
    (one,) = read(street(label("Unknown", 9.999999)))
    assert (one.distances, one.unknown, one.usable, one.near) == ({}, None, 1.0, None)


def test_a_face_that_cannot_be_used_is_poor_and_nobody_unknown(street):
    (one,) = read(street(label("Unknown", 0.9, usable=0)))
    assert (one.unknown, one.usable, one.somebody) == (None, 0.0, True)


@pytest.mark.parametrize("damaged", ["Ann", "Ann: nan% (nan|nan|1|1)", "Ann: 99.00% (inf|0.1|1|1)", ""])
def test_a_label_that_cannot_be_read_costs_itself_alone(street, damaged):
    sink = street(damaged, label("Ann", 0.3))
    (one,) = read(sink)
    assert (one.faces, one.distances) == (1, {"Ann": 0.3})
    assert sink.problems.count == 1


def test_where_somebody_walked_by_and_no_face_was_found_the_picture_was_poor(street):
    (one,) = read(street())
    assert (one.faces, one.usable) == (0, 0.0)
    assert one.shows == {UNUSABLE: "2026-03-02|a1|2026-03-02T08:00:00.000005|(0,10,300,400)"}


def test_a_cat_says_nothing_of_a_camera_and_what_nobody_answered_is_not_there(street):
    street(trk=["cat: 0.9"])
    (one,) = read(street(event="b1", answered=False))
    assert (one.event, one.usable) == ("a1", None)


def test_an_event_that_was_deleted_while_its_day_was_read_says_nothing(street):
    sink = street(label("Ann", 0.3))
    events = sink.events("2026-03-02")
    for file in sink.data.glob("2026-03-02/a1_*"):
        file.unlink()
    (one,) = gather(sink, events)
    assert (one.faces, one.usable) == (0, None)


def test_they_are_kept_as_they_were_read(street, tmp_path):
    street(label("Ann", 0.3), label("Unknown", 0.8))
    found = read(street(event="b1"))
    write_sightings(tmp_path, found)
    assert read_sightings(tmp_path) == found
    assert len(found) == 2


@pytest.mark.parametrize("damage", ["", "{", "3", '[{"date": 3}]', '[{"start": "2026-03-02", "names": 3}]', "[null]"])
def test_what_was_kept_and_cannot_be_read_is_nothing(tmp_path, damage):
    (tmp_path / FILE).write_text(damage)
    assert read_sightings(tmp_path) == []


def test_a_number_that_is_none_is_not_taken_from_what_was_kept(street, tmp_path):
    write_sightings(tmp_path, read(street(label("Ann", 0.3))))
    content = json.loads((tmp_path / FILE).read_text())
    content[0]["distances"]["Ann"] = float("nan")
    (tmp_path / FILE).write_text(json.dumps(content))
    assert read_sightings(tmp_path) == []


def test_what_was_kept_of_an_event_gives_way_to_what_is_read_and_stays_when_it_is_gone(street):
    old = read(street(label("Ann", 0.3)))
    new = read(street(label("Ann", 0.4), event="b1"))[1:]
    assert merged(old, new) == merged(new, old) == [*old, *new]
    again = [*new, *read(street(label("Bob", 0.2), event="a1"))[:1]]
    assert [one.names for one in merged(old, again)] == [("Bob",), ("Ann",)]
