"""Other classifiers, judged on events that they have not seen."""

import numpy as np
import pytest

from deepthink.embedding.facedata import FaceData
from deepthink.model.alternatives import alternatives
from deepthink.model.train import learn
from tests.conftest import crowd


def gallery(people, spread):
    vectors, who, where = crowd(people, 8, 3, seed=2, spread=spread)
    keys = [f"P{p:02d}/{e}|{n:05d}|b|s" for n, (p, e) in enumerate(zip(who, where, strict=True))]
    order = np.argsort(keys)
    return FaceData(tuple(np.array(keys)[order].tolist()), vectors[order], "x")


@pytest.mark.parametrize("people", [2, 6])
def test_all_tell_people_apart_who_lie_apart(people):
    data, strangers = gallery(people, 0.03), crowd(60, 1, 1, seed=9)[0]
    found = alternatives(data, strangers, learn(data, strangers, preset="quick").choice, 0.05)
    assert len(found) == 4
    assert all(one.accuracy > 0.98 for one in found)
    assert [one.fnir for one in found] == sorted(one.fnir for one in found)
    assert found[0].fnir < 0.1


def test_noise_is_not_told_apart_by_any():
    data = gallery(6, 0.03)
    noise = np.random.default_rng(0).normal(0, 0.06, data.vectors.shape).astype(np.float32)
    data = FaceData(data.keys, noise, "x")
    found = alternatives(data, noise[:30], learn(data, noise[:30], preset="quick").choice, 0.05)
    assert all(one.accuracy < 0.4 and one.fnir > 0.8 for one in found)


def test_without_strangers_nothing_is_said_of_them():
    data = gallery(4, 0.03)
    nobody = np.zeros((0, 128), np.float32)
    found = alternatives(data, nobody, learn(data, nobody, preset="quick").choice, 0.05)
    assert {one.fnir for one in found} == {None}
