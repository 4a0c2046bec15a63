"""GetFaces, by hand from docs/formats.md 1.1 and 2: which frames are searched, and what is written."""

from datetime import timedelta

import pytest

from deepthink.datasink.base import FACES, OBJECTS, TRACKING, Mark
from deepthink.datasink.folder import FolderDatasink
from deepthink.flow.collect import detect_event, detect_site
from deepthink.flow.sentinelcam import get_faces
from deepthink.records import Box
from tests.sentinelcam.film import DAY, Boxes, at, blank, event_of, film, frame, site_of

PERSON = Box(200, 100, 300, 400)
FIRST, SECOND = Box(210, 110, 260, 160), Box(500, 20, 560, 80)  # the second is far from the person


def person(event, second, label="person: 0.9642", objid="3"):
    return Mark(at(event, second), objid, label, PERSON)


def filmed(sink, seconds, people, **more):
    event = event_of("a")
    pictures = {second: blank(int(60 + 10 * second)) for second in seconds}
    return film(sink, event, pictures, **{TRACKING: [person(event, second) for second in people], **more})


@pytest.fixture
def sink(tmp_path):
    return FolderDatasink(tmp_path / "data", tmp_path / "images")


@pytest.mark.parametrize(
    ("people", "searched"),
    [
        ([1], [1]),
        ([1, 1, 1], [1]),  # three people in one frame: it is searched once
        ([0.5, 0.7], [1]),  # the first picture taken then or later
        ([-2, 3], [0, 3]),  # before the first picture: the first
        ([2, 9], [2]),  # after the last: none
        ([], []),
    ],
)
def test_the_frames_that_are_searched(sink, people, searched):
    event = filmed(sink, [0, 1, 2, 3], people)
    marks = sink.marks(event, TRACKING)
    looked, found = get_faces(sink, event, marks, Boxes(FIRST))
    assert (looked, [mark.time for mark in found]) == (len(searched), [at(event, second) for second in searched])


def test_every_face_of_the_frame_is_written_in_the_detectors_order_and_numbered_from_0(tmp_path):
    site = site_of(tmp_path, "sentinelcam")
    event = filmed(site.datasink, [0, 1], [0, 1])
    site.make_detector = lambda: Boxes(SECOND, FIRST, Box(-4, 2, 50, 60))
    report = detect_site(site, None, False, lambda *_: None)
    assert (report.frames, report.faces) == (2, 6)
    assert (site.datasink.data / DAY / f"{event.event}_fd1.csv").read_text() == (
        "timestamp,objid,classname,rect_x1,rect_y1,rect_x2,rect_y2\n"
        "2026-03-02T08:00:00.050631,0,Face,500,20,560,80\n"
        "2026-03-02T08:00:00.050631,1,Face,210,110,260,160\n"
        "2026-03-02T08:00:00.050631,2,Face,-4,2,50,60\n"
        "2026-03-02T08:00:01.050631,0,Face,500,20,560,80\n"
        "2026-03-02T08:00:01.050631,1,Face,210,110,260,160\n"
        "2026-03-02T08:00:01.050631,2,Face,-4,2,50,60\n"
    )
    index = (site.datasink.data / DAY / "camwatcher.csv").read_text().splitlines()
    assert index[-1] == f"alpha5,PiCam3,2026-03-02T08:00:00.050631,{event.event},640,480,fd1"


def test_the_whole_frame_is_shown_here_and_the_people_by_our_rules(sink):
    event = filmed(sink, [0], [0])
    theirs, ours = Boxes(), Boxes()
    get_faces(sink, event, sink.marks(event, TRACKING), theirs)
    detect_event(sink, event, ours)
    assert theirs.seen[0].shape == (480, 640, 3)
    assert ours.seen[0].shape[1] < 640


def test_our_rules_say_whose_face_it_is_where_theirs_count(sink):
    event = filmed(sink, [0], [0])
    _, (theirs,) = get_faces(sink, event, sink.marks(event, TRACKING), Boxes(FIRST))
    _, (ours,) = detect_event(sink, event, Boxes(Box(40, 40, 90, 90)))
    assert (theirs.objid, ours.objid) == ("0", "3")


def test_what_is_no_person_is_not_looked_at_and_an_object_detectors_people_are(tmp_path):
    site = site_of(tmp_path, "sentinelcam")
    event = event_of("a")
    marks = [person(event, 0, "cat: 0.9"), person(event, 1, "personal: 0.5"), person(event, 2, "a person: 0.9")]
    film(site.datasink, event, {float(n): blank() for n in range(3)}, **{OBJECTS: marks})
    site.make_detector = lambda: Boxes(FIRST)
    detect_site(site, None, False, lambda *_: None)
    assert [mark.time for mark in site.datasink.marks(event, FACES)] == [at(event, 1)]  # startswith, as theirs does


@pytest.mark.parametrize(("rules", "written"), [("sentinelcam", False), ("deepthink", True)])
def test_an_event_without_faces_has_no_set_there_and_an_empty_one_here(tmp_path, rules, written):
    site = site_of(tmp_path, rules)
    event = filmed(site.datasink, [0], [0])
    site.make_detector = Boxes
    detect_site(site, None, False, lambda *_: None)
    assert (site.datasink.data / DAY / f"{event.event}_fd1.csv").exists() is written


@pytest.mark.parametrize("rules", ["sentinelcam", "deepthink"])
def test_a_missing_or_damaged_picture_costs_itself_alone_and_the_event_goes_on(tmp_path, rules):  # B6, B7
    site = site_of(tmp_path, rules)
    event = event_of("a")
    pictures = {0.0: frame(), 1.0: b"", 2.0: frame()[:9000], 3.0: b"no jpeg", 4.0: frame()}
    film(site.datasink, event, pictures, **{TRACKING: [person(event, second) for second in pictures]})
    site.make_detector = lambda: Boxes(Box(10, 10, 60, 60))
    report = detect_site(site, None, False, lambda *_: None)
    times = [mark.time for mark in site.datasink.marks(event, FACES)]
    assert times == [event.start, event.start + timedelta(seconds=4)]
    assert (report.frames, report.problems) == (2, 3)
