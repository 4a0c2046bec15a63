"""Faces laid out on a plane keep together what is together."""

import numpy as np
import pytest

from deepthink.curation.plane import lay_flat


def test_two_people_lie_apart_and_each_together():
    rng = np.random.default_rng(0)
    people = np.repeat(rng.normal(size=(2, 128)), 20, axis=0)
    places = lay_flat(people + rng.normal(scale=0.2, size=(40, 128)))
    middles = places[:20].mean(axis=0), places[20:].mean(axis=0)
    assert np.linalg.norm(middles[0] - middles[1]) > 3 * max(places[:20].std(), places[20:].std())


@pytest.mark.parametrize("faces", [0, 1, 2, 3])
def test_few_faces_have_places_too(faces):
    places = lay_flat(np.random.default_rng(1).normal(size=(faces, 8)))
    assert places.shape == (faces, 2)
    assert ((places >= 0) & (places <= 1)).all()


def test_faces_that_do_not_differ_lie_in_the_middle():
    assert lay_flat(np.ones((4, 8))).tolist() == [[0.5, 0.5]] * 4


def test_distances_on_both_axes_have_one_scale():
    square = np.array([[0.0, 0], [4, 0], [0, 1], [4, 1]])
    places = lay_flat(square)
    span = places.max(axis=0) - places.min(axis=0)
    assert span.tolist() == pytest.approx([1.0, 0.25])


def test_the_same_faces_lie_where_they_lay():
    vectors = np.random.default_rng(2).normal(size=(9, 16))
    assert np.array_equal(lay_flat(vectors), lay_flat(vectors.copy()))
