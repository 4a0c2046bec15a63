"""How right recognition was is counted by event, from what it had answered before people said the truth."""

from datetime import datetime

import pytest

from deepthink.curation import review
from deepthink.curation.facelist import Eyes, Facelist, Row, Status, editing
from deepthink.curation.review import history
from deepthink.learning.accuracy import called_now, reviewed, share, weekly
from deepthink.learning.tenures import Tenure
from deepthink.records import UNKNOWN, Box, FrameKey

ALPHA = Tenure("alpha", datetime(2026, 3, 3), frozenset({"Ann", "Bob"}))


@pytest.fixture
def listed(tmp_path):
    """Write answers into a facelist, and count what has become of them."""
    path = tmp_path / "facelist.csv"

    def write(*faces):
        with editing(path) as facelist:
            for face in faces:
                facelist.append(face)
        return path

    return write


def face(name, event="a1", day=4, second=0, distance=0.4, margin=-0.2):
    frame = FrameKey(f"2026-03-{day:02d}", event, datetime(2026, 3, day, 9, 0, second, 1))
    return Row(frame, 1, Status.CANDIDATE, name, 0.99, distance, margin, Box(1, 2, 3, 4), Eyes(), 9.0)


def counted(path, *tenures):
    rows = Facelist(path).rows
    return [
        (week.week, (week.fnir.errors, week.fnir.asked), (week.fpir.errors, week.fpir.asked))
        for week in weekly(reviewed(rows, history(path)), called_now(tenures or (ALPHA,), history(path)))
    ]


def test_what_was_answered_is_what_the_row_said_before_anybody_decided(listed):
    path = listed(face("Ann"), face("Bob", "b1"), face(UNKNOWN, "c1"), face("Ann", "d1"), face(UNKNOWN, "e1"))
    review.accept(path, [1], None, "eve")  # rightly answered
    review.accept(path, [2, 3], "Ann", "eve")  # answered with another's name, and not at all
    review.stranger(path, [4, 5], "eve")  # a stranger who was given a name, and one who was not
    assert counted(path) == [("2026-W10", (2, 3), (1, 2))]


def test_who_decides_again_changes_the_truth_and_never_the_answer(listed):
    path = listed(face("Ann"))
    review.accept(path, [1], "Bob", "eve")
    review.undo(path, who="eve")
    assert counted(path) == []
    review.accept(path, [1], "Bob", "eve")
    review.rename(path, [1], "Ann", "eve")
    assert counted(path) == [("2026-W10", (0, 1), (0, 0))]


def test_an_event_is_counted_once_however_many_faces_it_has(listed):
    path = listed(*(face(name, second=n) for n, name in enumerate([UNKNOWN, UNKNOWN, "Ann", UNKNOWN])))
    review.accept(path, [1, 2, 3, 4], "Ann", "eve")
    assert counted(path) == [("2026-W10", (0, 1), (0, 0))]


def test_a_strangers_event_is_wrong_when_any_of_its_faces_was_given_a_name(listed):
    path = listed(*(face(name, second=n) for n, name in enumerate([UNKNOWN, UNKNOWN, "Ann", UNKNOWN])))
    review.stranger(path, [1, 2, 3, 4], "eve")
    assert counted(path) == [("2026-W10", (0, 0), (1, 1))]


def test_two_residents_of_one_event_are_asked_each(listed):
    path = listed(face("Ann"), face(UNKNOWN, second=1))
    review.accept(path, [1], None, "eve")
    review.accept(path, [2], "Bob", "eve")
    assert counted(path) == [("2026-W10", (1, 2), (0, 0))]


def test_somebody_whom_the_version_of_that_time_did_not_know_is_a_stranger_to_it(listed):
    path = listed(face(UNKNOWN), face("Ann", "b1"), face(UNKNOWN, "c1", day=11))
    review.accept(path, [1, 2, 3], "Cleo", "eve")
    later = Tenure("beta2", datetime(2026, 3, 9), frozenset({"Ann", "Bob", "Cleo"}))
    assert counted(path, ALPHA, later) == [("2026-W10", (0, 0), (1, 2)), ("2026-W11", (1, 1), (0, 0))]


def test_what_a_version_answered_whose_files_are_gone_is_not_counted(listed):
    path = listed(face("Ann"), face(UNKNOWN, "b1", day=11))
    review.accept(path, [1, 2], "Ann", "eve")
    gone = Tenure("beta2", datetime(2026, 3, 9), None)
    assert counted(path, ALPHA, gone) == [("2026-W10", (0, 1), (0, 0))]


def test_what_nobody_answered_is_not_counted(listed):
    path = listed(face(UNKNOWN, day=2), face(UNKNOWN, "b1", distance=9.999999), face("Ann", "c1", 5, 0, 0.0, 0.0))
    review.accept(path, [1, 2, 3], "Ann", "eve")  # before any version, by one that knew nobody, and imported
    assert counted(path) == []


def test_what_a_rule_has_enrolled_says_nothing_until_a_person_has(listed):
    path = listed(face("Ann"), face("Ann", "b1"))
    review.accept(path, [1, 2], None, "eve, by rule")
    assert counted(path) == []
    review.rename(path, [1], "Bob", "eve")
    assert counted(path) == [("2026-W10", (1, 1), (0, 0))]


def test_what_was_decided_elsewhere_is_not_counted(listed):
    path = listed(face("Ann").changed(status=Status.IN_USE), face(UNKNOWN, "b1").changed(status=Status.REVOKED))
    assert counted(path) == []
    review.rename(path, [1], "Bob", "eve")
    assert counted(path) == []


def test_a_name_that_was_merged_into_another_was_no_wrong_answer(listed):
    from deepthink.curation.actions import merge

    path = listed(face("Ann"), face("Bob", "b1"))
    review.accept(path, [1, 2], None, "eve")
    merge(path, "Bob", "Ann", "eve")
    assert counted(path, Tenure("alpha", ALPHA.since, frozenset({"Ann"}))) == [("2026-W10", (0, 2), (0, 0))]


def test_a_version_that_knew_somebody_under_the_name_they_had_then_has_answered_rightly(listed):
    from deepthink.curation.actions import merge

    path = listed(face("Bob"), face("Bob", "b1"))
    review.accept(path, [1, 2], None, "eve")
    knew = Tenure("alpha", ALPHA.since, frozenset({"Bob"}))
    assert counted(path, knew) == [("2026-W10", (0, 2), (0, 0))]
    merge(path, "Bob", "Robert", "eve")
    assert counted(path, knew) == [("2026-W10", (0, 2), (0, 0))]


def test_a_day_that_is_none_costs_itself_alone(listed):
    path = listed(face("Ann"), face("Ann", "b1"))
    review.accept(path, [1, 2], None, "eve")
    path.write_text(path.read_text().replace("2026-03-04,b1", "2026-03-99,b1"))
    assert counted(path) == [("2026-W10", (0, 1), (0, 0))]


def test_the_last_days_of_december_can_be_of_the_next_years_first_week():
    row = face("Ann")
    frame = FrameKey("2025-12-29", "a1", datetime(2025, 12, 29, 9))
    from deepthink.learning.accuracy import Reviewed

    always = Tenure("alpha", datetime(2025, 1, 1), frozenset({"Ann"}))
    assert weekly([Reviewed(row.changed(frame=frame), "Ann", "Ann")], [always])[0].week == "2026-W01"


@pytest.mark.parametrize(
    ("errors", "asked", "low", "high"), [(0, 0, 0, 1), (0, 10, 0, 0.3085), (10, 10, 0.6915, 1), (3, 50, 0.0125, 0.1655)]
)
def test_the_interval_is_that_of_clopper_and_pearson(errors, asked, low, high):
    """Figures of their method as R's binom.test gives them."""
    found = share([True] * errors + [False] * (asked - errors))
    assert (found.errors, found.asked) == (errors, asked)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)
