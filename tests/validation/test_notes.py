"""What to collect next, for people who are hardly known."""

import numpy as np

from deepthink.embedding.facedata import FaceData
from deepthink.validation.notes import notes


def gallery(*faces):
    keys = sorted(
        f"{name}/2026-03-{day:02d}|{name}{day}{hour}|2026-03-{day:02d}T{hour:02d}:00:00.000000|(1,2,3,4)|s"
        for name, day, hour in faces
    )
    return FaceData(tuple(keys), np.zeros((len(keys), 128), np.float32), "x")


def test_who_is_well_known_is_not_mentioned():
    assert notes(gallery(*(("ann", day, hour) for day in range(2, 7) for hour in (9, 22)))) == []


def test_one_event_says_what_to_expect_and_how_many_more():
    (note,) = notes(gallery(("mia", 2, 9)))
    assert note == (
        "mia is known from 1 event: expect about 9 % of events to be missed. Collect 4 more events, on other days."
    )


def test_a_person_never_seen_by_night_is_asked_for_when_others_are():
    known = [("ann", day, hour) for day in range(2, 7) for hour in (9, 22)]
    (note,) = notes(gallery(*known, *(("mia", day, 9) for day in range(2, 8))))
    assert note == "mia is known from 6 events. Collect some by night."


def test_a_camera_that_has_not_seen_a_person_is_named():
    data = gallery(*(("ann", day, 9) for day in range(2, 12)), *(("mia", day, 9) for day in range(2, 8)))
    cameras = {event: "front" if "ann" in event else "back" for event in data.events}
    assert notes(data, cameras) == ["mia is known from 6 events. Collect some from front."]
