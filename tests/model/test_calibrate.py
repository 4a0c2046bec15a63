"""Thresholds at a stated rate of strangers named."""

import numpy as np
import pytest
from sklearn.svm import SVC

from deepthink.model.calibrate import USUAL_DISTANCE, calibrate, pool
from deepthink.model.classifier import Classifier
from deepthink.model.openset import distances_to
from tests.conftest import crowd


def gallery(people, events=8, seed=0):
    vectors, who, where = crowd(people, events, 3, seed)
    labels = np.array([f"{w:06d}|{e}" for w, e in zip(who, where, strict=True)])
    probes, groups = pool(vectors, labels)
    return probes, np.array([int(group[:6]) for group in groups]), np.unique(labels, return_counts=True)[1]


NONE = np.zeros((0, 128))


def test_strangers_that_calibration_never_met_are_named_about_as_seldom_as_asked():
    probes, who, sizes = gallery(20)
    calibration, thresholds = calibrate(probes, who, sizes, NONE, 0.02)
    centroids = np.array([probes[who == person].mean(axis=0) for person in range(20)])
    strangers, _, events = crowd(400, 1, 3, seed=9)
    asked, _ = pool(strangers, events)
    distances = distances_to(asked, centroids)
    named = distances.min(axis=1) <= thresholds[distances.argmin(axis=1)]
    assert named.mean() <= 0.05
    assert calibration.fnir_seen <= 0.05


def test_a_stricter_rate_never_gives_a_wider_threshold():
    probes, who, sizes = gallery(12)
    loose, strict = (calibrate(probes, who, sizes, NONE, fpir)[0].threshold for fpir in (0.1, 0.005))
    assert strict <= loose


def test_a_stranger_near_one_person_draws_in_that_persons_threshold_alone():
    probes, who, sizes = gallery(8)
    centroids = np.array([probes[who == person].mean(axis=0) for person in range(8)])
    before = calibrate(probes, who, sizes, NONE, 0.01)[1]
    towards = centroids[3] + (probes[who == 5].mean(axis=0) - centroids[3]) * 0.33
    _, after = calibrate(probes, who, sizes, towards[None], 0.01)
    assert after[3] < before[3]
    assert np.delete(after, 3) == pytest.approx(np.delete(before, 3), rel=0.2)


def test_one_person_alone_gets_the_usual_distance():
    probes, who, sizes = gallery(1)
    calibration, thresholds = calibrate(probes, who, sizes, NONE, 0.01)
    assert thresholds.tolist() == [USUAL_DISTANCE]
    assert calibration.cohort == 0


def test_one_sample_each_is_enough_to_calibrate():
    probes, who, sizes = gallery(3, events=1)
    calibration, thresholds = calibrate(probes, who, sizes, NONE, 0.01)
    assert np.isfinite(thresholds).all()
    assert calibration.own == 0


def test_leaving_a_person_out_of_the_classifier_is_training_without_that_person():
    vectors, who, _ = crowd(5, 4, 3)
    pairs = 10
    whole = Classifier.of(SVC(C=3, gamma=0.5).fit(vectors, who), np.full(pairs, -1.0), np.zeros(pairs))
    for person in range(5):
        kept = who != person
        again = SVC(C=3, gamma=0.5, decision_function_shape="ovo").fit(vectors[kept], who[kept])
        assert whole.without(person).decisions(vectors) == pytest.approx(again.decision_function(vectors), abs=1e-9)


def test_intervals_hold_the_rates_that_were_seen_and_asked_for_and_narrow_with_more_people():
    few, many = (calibrate(*gallery(people), NONE, 0.01)[0] for people in (5, 40))
    for found in (few, many):
        assert found.fpir_interval[0] <= found.fpir_seen <= found.fpir_interval[1]
        assert found.fpir_interval[0] <= 0.01 <= found.fpir_interval[1]
        assert found.fnir_interval[0] <= found.fnir_seen <= found.fnir_interval[1]
    assert many.fpir_interval[1] < few.fpir_interval[1]


def test_one_person_alone_has_no_interval_to_speak_of():
    probes, who, sizes = gallery(1, events=1)
    assert calibrate(probes, who, sizes, NONE, 0.01)[0].fpir_interval == (0.0, 1.0)
