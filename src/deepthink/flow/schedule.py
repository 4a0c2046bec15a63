"""When a model is due by the clock: a calendar, and what to do when the clock was off, wrong, or changed for summer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from deepthink.errors import MissingExtraError, SettingsError
from deepthink.settings import ScheduleSettings

try:
    from apscheduler.triggers.cron import CronTrigger
except ImportError as error:
    raise MissingExtraError(str(error.name), "watch") from None

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Calendar:
    """The moments at which one model is to be trained.

    Parameters
    ----------
    entry : ScheduleSettings
    zone : tzinfo, optional
        Of the hours; this machine's own when left out.

    Raises
    ------
    SettingsError
        Hour, minute or day are not what they should be.

    Examples
    --------
    >>> from zoneinfo import ZoneInfo
    >>> berlin = ZoneInfo("Europe/Berlin")
    >>> nightly = Calendar(ScheduleSettings(enabled=True, hour="3"), berlin)
    >>> nightly.missed(datetime(2026, 3, 1, 3, tzinfo=berlin), datetime(2026, 3, 4, 12, tzinfo=berlin)).isoformat()
    '2026-03-04T03:00:00+01:00'
    """

    def __init__(self, entry: ScheduleSettings, zone: Any = None) -> None:
        try:
            self._cron = CronTrigger(
                hour=entry.hour, minute=entry.minute, second=0, day_of_week=_days(entry.day), timezone=zone
            )
        except (ValueError, TypeError) as error:
            raise SettingsError(f"watch.schedule: {error}. Write it as hour: 3, minute: 0, day: mon-fri.") from None

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first moment after another; an hour that autumn has twice is there once."""
        found: datetime | None = moment
        while found is not None:
            found = self._cron.get_next_fire_time(None, found.astimezone(UTC) + timedelta(seconds=1))
            if found is None or not found.fold:
                return found
        return None

    def missed(self, last: datetime, now: datetime) -> datetime | None:
        """Return the latest moment after `last` that has come; of several that were missed, one is caught up."""
        latest, moment = None, self.next_after(max(last, now - timedelta(days=8), key=_utc))
        while moment is not None and _utc(moment) <= _utc(now):
            latest, moment = moment, self.next_after(moment)
        return latest


def _utc(moment: datetime) -> datetime:
    """Return a moment that can be compared: two of one zone are compared by what the clock on the wall shows."""
    return moment.astimezone(UTC)


def _days(text: str) -> str:
    """Write days for APScheduler, whose week begins with Monday as 0; ours is cron's and SentinelCam's, Sunday is 0.

    Examples
    --------
    >>> _days("1,4"), _days("mon-fri"), _days("0"), _days("fri-1")
    ('mon,thu', 'mon-fri', 'sun', 'fri,sat,sun,mon')
    """
    return "*" if text.strip() == "*" else ",".join(_span(part.strip().lower()) for part in text.split(","))


def _span(part: str) -> str:
    ends = [_DAYS[int(end)] if end.isdecimal() and int(end) < len(_DAYS) else end[:3] for end in part.split("-")]
    if len(ends) == 2 and set(ends) <= set(_DAYS):
        week = _DAYS[1:]
        first, last = week.index(ends[0]), week.index(ends[1])
        return "-".join(ends) if first <= last else ",".join([*week[first:], *week[: last + 1]])
    return "-".join(ends)


def calendars(schedule: Mapping[str, ScheduleSettings]) -> Iterator[tuple[str, Calendar]]:
    """Yield the models that are trained by the clock; a wrong entry is refused even where it is switched off."""
    for model, entry in schedule.items():
        calendar = Calendar(entry)
        if entry.enabled:
            yield model, calendar
