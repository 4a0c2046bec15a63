"""Reasons to train: when they count, and that none is answered twice, whatever the clock does."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from deepthink.flow.triggers import Reason, Triggers, rules

NOON = datetime(2026, 3, 2, 12)
CALM = rules(settle_minutes=10, cool_down_hours=6)


def reason(kind="selected", key="k", when=NOON):
    return Reason(kind, key, "24 faces", when.isoformat())


def after(minutes):
    return NOON + timedelta(minutes=minutes)


def test_faces_that_are_still_being_selected_are_no_reason_yet():
    triggers = Triggers().offered(reason(key="a"))
    assert triggers.due(CALM, after(9)) is None
    assert triggers.due(CALM, after(10)).key == "a"
    more = triggers.offered(reason(key="b", when=after(9)))
    assert [one.key for one in more.waiting] == ["b"]
    assert more.due(CALM, after(12)) is None
    assert more.due(CALM, after(19)).key == "b"


def test_after_a_run_the_next_waits_for_the_cool_down_but_not_who_asks():
    triggers = Triggers().offered(reason(key="a")).answered(reason(key="a"), NOON)
    triggers = triggers.offered(reason(key="b"))
    assert triggers.due(CALM, after(359)) is None
    assert triggers.due(CALM, after(360)).key == "b"
    asked = triggers.offered(reason("request", "r1", after(1)))
    assert asked.due(CALM, after(1)).kind == "request"
    assert asked.answered(reason("request", "r1"), after(1)).due(CALM, after(360)).key == "b"


def test_one_run_answers_all_that_waits_but_each_request_is_a_run_of_its_own():
    triggers = Triggers()
    for one in (reason("selected", "a"), reason("enrolled", "a"), reason("request", "r1"), reason("request", "r2")):
        triggers = triggers.offered(one)
    left = triggers.answered(triggers.due(CALM, after(60)), after(60))
    assert {one.key for one in left.waiting} == {"a", "r2"}
    left = left.answered(reason("selected", "a"), after(61))
    assert [one.key for one in left.waiting] == ["r2"]
    assert left.offered(reason("enrolled", "a")) == left


def test_a_reason_that_holds_no_more_is_withdrawn_and_may_come_back():
    triggers = Triggers().offered(reason()).withdrawn(["selected"])
    assert not triggers.waiting
    assert triggers.offered(reason()).waiting


def test_a_clock_that_was_years_ahead_holds_nothing_up_for_years():
    ahead = (
        Triggers().answered(reason(key="a"), datetime(2031, 1, 1)).offered(reason(key="b", when=datetime(2031, 1, 1)))
    )
    assert ahead.due(CALM, NOON).key == "b"


def test_a_clock_that_goes_back_an_hour_answers_nothing_twice_and_holds_nothing_up_for_long():
    triggers = Triggers().offered(reason(key="a")).answered(reason(key="a"), after(60))
    assert triggers.offered(reason(key="a")).due(CALM, NOON) is None
    triggers = triggers.offered(reason(key="b", when=NOON))
    assert triggers.due(CALM, after(60 + 360)).key == "b"


KINDS = st.sampled_from(sorted(CALM))
MOVES = st.lists(
    st.tuples(KINDS, st.sampled_from("abc"), st.integers(-120, 600), st.booleans()), min_size=1, max_size=40
)


@given(MOVES)
def test_no_reason_is_ever_answered_twice(moves):
    now, triggers, answered = NOON, Triggers(), []
    for kind, key, minutes, withdrawn in moves:
        now += timedelta(minutes=minutes)
        triggers = triggers.offered(reason(kind, key, now))
        if withdrawn:
            triggers = triggers.withdrawn([kind])
        due = triggers.due(CALM, now)
        if due is not None:
            triggers = triggers.answered(due, now)
            answered.append((due.kind, due.key))
        assert Triggers.of(triggers.as_dict()) == triggers
    assert len(set(answered)) == len(answered)
