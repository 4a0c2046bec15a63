"""Linking the faces of an event."""

from datetime import datetime, timedelta

import numpy as np

from deepthink.recognition.tracks import Face, link
from deepthink.records import Box, FrameKey, Quality, Sample

START = datetime(2026, 3, 2, 8)


def face(second, embedding, objid="0", focus=40.0, usable=True, x=0):
    key = FrameKey("2026-03-02", "a", START + timedelta(seconds=second))
    quality = Quality(100, focus, 0, 0, usable)
    sample = Sample(key, Box(x, 0, x + 10, 10), np.zeros((5, 2)), np.zeros((4, 4, 3), np.uint8), quality)
    return Face(sample, objid, np.array(embedding, np.float32))


def test_faces_of_one_person_become_one_track():
    assert len(link([face(n, [0.1 * n, 0]) for n in range(4)])) == 1


def test_two_faces_of_one_frame_are_two_people_however_alike():
    assert len(link([face(0, [0, 0]), face(0, [0, 0], x=50)])) == 2


def test_people_who_swap_their_tracked_objects_are_told_apart_by_their_faces():
    frames = [face(0, [0, 0], "0"), face(0, [1, 0], "1"), face(1, [0.1, 0], "1"), face(1, [0.9, 0], "0")]
    tracks = link(frames)
    assert sorted(round(float(track.probe()[0]), 2) for track in tracks) == [0.05, 0.95]


def test_a_blurred_face_hardly_moves_the_probe():
    (track,) = link([face(0, [0, 0], focus=40), face(1, [0.4, 0], focus=5)])
    assert track.probe()[0] < 0.06


def test_an_unusable_face_does_not_count_while_there_are_usable_ones():
    (track,) = link([face(0, [0, 0]), face(1, [0.3, 0], usable=False)])
    assert track.usable
    assert track.probe()[0] == 0


def test_a_track_of_unusable_faces_alone_is_not_usable():
    (track,) = link([face(0, [0, 0], usable=False)])
    assert not track.usable
