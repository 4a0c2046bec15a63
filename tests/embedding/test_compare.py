import numpy as np

from deepthink.embedding.compare import compare
from deepthink.embedding.facedata import FaceData
from tests.conftest import crowd


def data(vectors, who, events, fingerprint="x"):
    keys = [f"P{person:02d}/{event}|{number}" for number, (person, event) in enumerate(zip(who, events, strict=True))]
    order = np.argsort(keys)
    return FaceData(tuple(np.array(keys)[order].tolist()), vectors[order], fingerprint)


def test_the_same_embeddings_are_not_worse_and_have_not_moved():
    held = data(*crowd(6, 4, 3))
    found = compare(held, held)
    assert (found.apart, found.lost, found.worse) == (0.0, 0, False)
    assert found.old_right > 0.9


def test_embeddings_that_tell_nobody_apart_are_worse():
    vectors, who, events = crowd(6, 4, 3)
    noise = np.random.default_rng(0).normal(size=vectors.shape).astype(np.float32)
    found = compare(data(vectors, who, events), data(noise, who, events, "y"))
    assert found.worse
    assert found.apart is None
    assert found.new_right < 0.5


def test_embeddings_of_which_one_is_missing_are_worse_and_it_is_said():
    held = data(*crowd(3, 3, 2))
    found = compare(held, held.only(np.arange(len(held.keys)) != 4))
    assert found.worse
    assert "1 of the old missing" in str(found)


def test_the_nearest_face_of_the_same_event_does_not_count():
    vectors = np.array([[0.0], [0.01], [1.0], [1.01], [0.1], [0.9]], np.float32)
    held = data(vectors, [0, 0, 1, 1, 1, 0], ["d|1", "d|1", "d|2", "d|2", "d|3", "d|4"])
    assert compare(held, held).old_right == 0


def test_a_large_file_is_compared_by_a_part_of_it():
    vectors, who, events = crowd(20, 30, 10)
    assert compare(data(vectors, who, events), data(vectors, who, events)).faces == 6000
