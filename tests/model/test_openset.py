"""The one decision rule."""

import numpy as np
import pytest

from deepthink.model.openset import NOBODY, Rule

PLAIN = Rule(("ann", "bob"), np.array([[0, 0], [4, 0]], np.float32), np.array([1.0, 1.0]))


def says(*shares):
    return lambda probes: np.tile(shares, (len(probes), 1))


def test_a_near_probe_gets_its_persons_name():
    (answer,) = PLAIN.decide(np.array([[0.5, 0.0]]))
    assert (answer.person, answer.nearest, answer.reason) == ("ann", "ann", "")
    assert answer.distance == pytest.approx(0.5)


def test_a_far_probe_is_unknown_however_sure_the_classifier_is():
    (answer,) = PLAIN.decide(np.array([[2.5, 0.0]]), probabilities=says(0.0, 1.0))
    assert answer.person is None
    assert "too far from bob" in answer.reason


def test_a_probe_without_a_usable_picture_is_unknown():
    (answer,) = PLAIN.decide(np.array([[0.0, 0.0]]), usable=[False])
    assert (answer.person, answer.reason) == (None, "no usable picture")


def test_a_classifier_that_names_another_contradicts_the_distance():
    (answer,) = PLAIN.decide(np.array([[0.5, 0.0]]), probabilities=says(0.1, 0.9))
    assert answer.person is None
    assert "classifier says bob" in answer.reason


def test_a_classifier_that_doubts_the_nearest_person_keeps_the_name_back():
    doubting = Rule(PLAIN.people, PLAIN.centroids, PLAIN.thresholds, least_probability=0.3)
    near = np.array([[0.5, 0.0]])
    assert doubting.decide(near, probabilities=says(0.2, 0.4))[0].person is None
    assert doubting.decide(near, probabilities=says(0.4, 0.2))[0].person == "ann"


def test_each_person_has_a_threshold_of_their_own():
    uneven = Rule(PLAIN.people, PLAIN.centroids, np.array([0.1, 1.0]))
    answers = uneven.decide(np.array([[0.5, 0.0], [4.5, 0.0]]))
    assert [answer.person for answer in answers] == [None, "bob"]


def test_an_empty_gallery_answers_unknown_with_a_distance_that_readers_can_parse():
    nobody = Rule((), np.zeros((0, 2), np.float32), np.zeros(0))
    (answer,) = nobody.decide(np.array([[0.0, 0.0]]))
    assert (answer.person, answer.distance) == (None, NOBODY)
