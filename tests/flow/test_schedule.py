"""The calendar: daylight saving, missed hours, clocks that are wrong, and days as cron has them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from deepthink.errors import SettingsError
from deepthink.flow.schedule import Calendar
from deepthink.flow.signs import of_clock
from deepthink.settings import ScheduleSettings

BERLIN = ZoneInfo("Europe/Berlin")


def nightly(hour="3", minute="0", day="*"):
    return Calendar(ScheduleSettings(enabled=True, hour=hour, minute=minute, day=day), BERLIN)


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def walked(calendar, begin, end, step=timedelta(minutes=7)):
    """Ask every few minutes, as the service does, and return the moments that were answered."""
    now, last, found = begin, "", []
    while now <= end:
        reason, last = of_clock("face_model", calendar, last, now)
        found += [reason.key.split(" ")[1]] if reason else []
        now = (now.astimezone(ZoneInfo("UTC")) + step).astimezone(BERLIN)
    return found


def test_every_night_is_one_run_also_in_the_nights_when_the_clocks_change():
    spring = walked(nightly("2", "30"), moment("2026-03-27T12:00"), moment("2026-03-31T12:00"))
    autumn = walked(nightly("2", "30"), moment("2026-10-23T12:00"), moment("2026-10-27T12:00"))
    assert [at[:10] for at in autumn] == ["2026-10-24", "2026-10-25", "2026-10-26", "2026-10-27"]
    assert len(spring) in (3, 4)  # half past two does not exist on the 29th
    assert [at[:10] for at in spring if "-29T" not in at] == ["2026-03-28", "2026-03-30", "2026-03-31"]
    assert [at[:16] for at in walked(nightly(), moment("2026-03-27T12:00"), moment("2026-03-30T12:00"))] == [
        "2026-03-28T03:00", "2026-03-29T03:00", "2026-03-30T03:00",
    ]  # fmt: skip


def test_of_several_missed_nights_one_is_caught_up():
    calendar = nightly()
    _, last = of_clock("face_model", calendar, "", moment("2026-03-02T12:00"))
    reason, last = of_clock("face_model", calendar, last, moment("2026-03-06T12:00"))
    assert reason.key == "face_model 2026-03-06T03:00+01:00"
    assert of_clock("face_model", calendar, last, moment("2026-03-06T12:01"))[0] is None


def test_nothing_was_missed_before_the_first_start():
    assert of_clock("face_model", nightly(), "", moment("2026-03-02T12:00"))[0] is None


def test_a_clock_set_back_and_forth_by_an_hour_sees_no_moment_twice():
    calendar, found, last = nightly(), [], ""
    for at in ("02:10", "03:10", "02:20", "02:55", "03:05", "04:05", "03:05", "02:59", "03:01"):
        reason, last = of_clock("face_model", calendar, last, moment(f"2026-03-02T{at}"))
        found += [reason] if reason else []
    assert len(found) == 1


def test_a_clock_that_was_years_ahead_does_not_silence_the_calendar():
    calendar = nightly()
    _, last = of_clock("face_model", calendar, "", moment("2031-01-01T12:00"))
    reason, last = of_clock("face_model", calendar, last, moment("2026-03-02T12:00"))
    assert reason is None
    assert of_clock("face_model", calendar, last, moment("2026-03-03T03:00"))[0] is not None


@pytest.mark.parametrize(
    ("day", "fires"),
    [("sun", ["2026-03-08"]), ("0", ["2026-03-08"]), ("7", ["2026-03-08"]), ("1,4", ["2026-03-02", "2026-03-05"]),
     ("fri-1", ["2026-03-02", "2026-03-06", "2026-03-07", "2026-03-08"]), ("Monday", ["2026-03-02"])],
)  # fmt: skip
def test_days_are_those_of_cron(day, fires):
    """2026-03-02 is a Monday."""
    found = walked(nightly(day=day), moment("2026-03-01T12:00"), moment("2026-03-08T12:00"), timedelta(hours=1))
    assert [at[:10] for at in found] == fires


@pytest.mark.parametrize("entry", [{"hour": "25"}, {"minute": "x"}, {"day": "someday"}, {"hour": ""}])
def test_what_is_no_hour_is_refused_in_words(entry):
    with pytest.raises(SettingsError, match=r"watch\.schedule"):
        Calendar(ScheduleSettings(**entry))
