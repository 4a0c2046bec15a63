"""More events help until they do not, and nobody is asked what was enrolled."""

import numpy as np

from deepthink.embedding.facedata import FaceData
from deepthink.model.learning import learning_curve
from tests.conftest import crowd


def data(people, events, spread):
    vectors, who, where = crowd(people, events, 2, seed=8, spread=spread)
    keys = [f"P{p:02d}/{e}|{n:05d}|b|s" for n, (p, e) in enumerate(zip(who, where, strict=True))]
    order = np.argsort(keys)
    return FaceData(tuple(np.array(keys)[order].tolist()), vectors[order], "x")


def test_people_are_missed_less_often_when_they_are_known_better():
    curve = learning_curve(data(8, 14, 0.08), crowd(30, 1, 1, seed=9)[0], 0.02)
    assert [known.events for known in curve] == [1, 2, 3, 5, 8, 12]
    assert [known.asked for known in curve] == [40, 40, 40, 40, 40, 16]
    shares = [np.mean(known.missed) / known.asked for known in curve]
    assert shares[0] > shares[-1] + 0.2


def test_only_people_with_events_to_spare_are_asked():
    curve = learning_curve(data(3, 3, 0.03), np.zeros((0, 128), np.float32), 0.01)
    assert [(known.events, known.people, known.asked) for known in curve] == [(1, 3, 6), (2, 3, 3)]
    assert learning_curve(data(1, 9, 0.03), np.zeros((0, 128), np.float32), 0.01) == []
