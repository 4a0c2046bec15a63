"""Errors counted by event."""

import pytest

from deepthink.validation.gates import Limits, judge
from deepthink.validation.metrics import Asked, Rate, measure, single_answers


def asked(residents=(), strangers=0, named=(), faces=1):
    return Asked("d|e", "c", frozenset(residents), strangers, frozenset(named), faces)


def test_a_resident_without_their_name_is_missed_whoever_else_was_named():
    found = measure([asked(["ann"], named=["ann"]), asked(["ann"], named=["bob"]), asked(["bob"])])
    assert (found.missed.count, found.missed.total) == (2, 3)
    assert found.mistaken.count == 1
    assert found.per_person["ann"].count == 1


def test_a_face_that_was_never_found_counts_as_missed():
    found = measure([asked(["ann"], faces=0)])
    assert (found.missed.count, found.not_found) == (1, 1)


def test_a_strangers_event_answered_with_anyone_is_a_false_positive():
    found = measure([asked(strangers=1, named=["ann"]), asked(strangers=1)])
    assert (found.named.count, found.named.total) == (1, 2)


def test_a_stranger_beside_a_resident_is_only_named_when_another_name_was_given():
    found = measure([asked(["ann"], 1, ["ann"]), asked(["ann"], 1, ["ann", "bob"])])
    assert (found.missed.count, found.named.count, found.named.total) == (0, 1, 2)


def test_nothing_wrong_in_a_hundred_events_still_allows_three_percent():
    low, high = Rate(0, 100).interval
    assert (low, high) == (0, 0.03)  # the rule of three
    assert Rate(1, 100).interval == pytest.approx((0.00025, 0.0545), abs=1e-4)  # Clopper and Pearson's


def test_nothing_asked_proves_nothing():
    assert Rate(0, 0).interval == (0.0, 1.0)
    assert not all(gate.passed for gate in judge(measure([]), Limits()))


def test_a_gate_fails_at_one_error_too_many():
    wrong = [asked(strangers=1, named=["ann"])] * 3 + [asked(strangers=1)] * 37 + [asked(["ann"], named=["ann"])] * 40
    assert [gate.name for gate in judge(measure(wrong), Limits(max_fpir=0.05)) if not gate.passed] == ["FPIR"]
    assert all(gate.passed for gate in judge(measure(wrong[1:]), Limits(max_fpir=0.06)))


def test_one_resident_called_by_anothers_name_is_a_question_of_its_own():
    wrong = [asked(["ann"], named=["bob"])] * 3 + [asked(["ann"], named=["ann"])] * 37 + [asked(strangers=1)] * 9
    assert [gate.name for gate in judge(measure(wrong), Limits()) if not gate.passed] == ["residents"]
    assert all(gate.passed for gate in judge(measure(wrong), Limits(max_mistaken=0.1)))


def test_events_with_two_people_are_left_out_of_the_classification_report():
    truth, answer = single_answers([asked(["ann"], named=["ann"]), asked(["ann", "bob"]), asked(strangers=1)])
    assert (truth, answer) == (["ann", "Unknown"], ["ann", "Unknown"])
