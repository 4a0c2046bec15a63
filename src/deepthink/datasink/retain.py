"""Deletes the events that nothing keeps any more, and gives a true account of each: what became of it, and why."""

from __future__ import annotations

import contextlib
import datetime
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from deepthink.datasink import sentinelcam, worth
from deepthink.datasink.base import Erasable, Event
from deepthink.datasink.profiles import Policy
from deepthink.datasink.worth import Verdict
from deepthink.errors import BadInputError, StepError
from deepthink.records import Progress

Fate = Literal["deleted", "locked", "kept", "failed", "gone"]
FATES: tuple[Fate, ...] = ("deleted", "locked", "failed", "gone", "kept")
JUDGES = {"deepthink": worth.judge_day, "sentinelcam": sentinelcam.judge_day}


class Holds(Protocol):
    """Tells which events somebody holds in place, and keeps that from changing for a moment."""

    def why(self, event: Event, waited: bool) -> str:
        """Return why an event must stay, nothing when it need not; `waited`: long enough for a reviewer."""
        ...

    def hold(self) -> contextlib.AbstractContextManager[object]:
        """While this is open, nobody comes to hold an event."""
        ...


@dataclass(frozen=True)
class Outcome:
    """What became of one event; of a day that could not be read, where `event` is empty."""

    date: str
    event: str
    node: str
    profile: str
    fate: Fate  # gone: another process deleted it first
    reason: str
    size: int = 0  # bytes of its files, where the datasink can tell


@dataclass(frozen=True)
class RetainReport:
    """What became of all events; in a dry run `deleted` is what would have been."""

    rules: str
    dry_run: bool
    days: int  # looked at
    days_beyond: int  # the window: not looked at
    ended: int  # deletions that a killed run had begun
    counts: dict[str, int]  # events by fate
    freed: int  # bytes
    outcomes: tuple[Outcome, ...]


def retain(
    datasink: Erasable,
    policy: Policy,
    today: datetime.date,
    holds: Holds,
    *,
    delete: bool = False,
    rules: Literal["deepthink", "sentinelcam"] = "deepthink",
    dates: Sequence[str] | None = None,
    scan_days: float | None = None,
    progress: Progress = lambda done, total, what: None,
) -> RetainReport:
    """Judge every event by all that it holds, and delete those that nothing keeps.

    Parameters
    ----------
    datasink : Erasable
    policy : Policy
        How long the events of which nodes are kept.
    today : date
        The day from which ages are reckoned.
    holds : Holds
        What a facelist holds in place; asked again for each event, just before it is deleted.
    delete : bool
        Without it nothing is changed, and the account is the same.
    rules : {"deepthink", "sentinelcam"}
    dates : sequence of str, optional
        Only these days.
    scan_days : float, optional
        No older days than this; SentinelCam's rules have `policy.max_scan_days` in its place.
    progress : callable, optional
        Told of days done, days to do, and which.
    """
    window = policy.max_scan_days if rules == "sentinelcam" else scan_days
    every = datasink.dates() if dates is None else sorted(set(dates))
    days = [date for date in every if window is None or 0 <= _age(date, today) <= window]
    found = list(_finish(datasink)) if delete else []
    ended = len(found)
    work = _Work(datasink, policy, today, holds, delete, rules)
    for number, date in enumerate(days):
        progress(number, len(days), date)
        found += work.day(date)
    progress(len(days), len(days), "")
    return _report(rules, not delete, (len(days), len(every) - len(days), ended), found)


def _report(rules: str, dry_run: bool, numbers: tuple[int, int, int], found: list[Outcome]) -> RetainReport:
    counts = Counter(one.fate for one in found)
    freed = sum(one.size for one in found if one.fate == "deleted")
    return RetainReport(rules, dry_run, *numbers, {fate: counts[fate] for fate in FATES}, freed, tuple(found))


def _age(date: str, today: datetime.date) -> int:
    try:
        return (today - datetime.date.fromisoformat(date)).days
    except ValueError:
        raise BadInputError(f"{date!r} is not a day. Days are written YYYY-MM-DD.") from None


def _finish(datasink: Erasable) -> Iterator[Outcome]:
    """End what a killed run had begun; a datasink behind the network does that itself."""
    finish: Any = getattr(datasink, "finish_deletions", None)
    for date, event, why in finish() if finish else ():
        reason = why or "its deletion had been begun by a run that was killed"
        yield Outcome(date, event, "", "", "failed" if why else "deleted", reason)


@dataclass(frozen=True)
class _Work:
    datasink: Erasable
    policy: Policy
    today: datetime.date
    holds: Holds
    delete: bool
    rules: str

    def day(self, date: str) -> Iterator[Outcome]:
        """Judge a day's events, and carry that out; a day that cannot be read stays as it is."""
        age = _age(date, self.today)
        sizes: Any = getattr(self.datasink, "sizes", None)
        try:
            verdicts = JUDGES[self.rules](self.datasink, self.datasink.events(date), self.policy, age)
            size = sizes(date) if sizes else {}
        except (BadInputError, StepError, OSError) as error:
            yield Outcome(date, "", "", "", "failed", f"the day cannot be read: {error}")
            return
        for verdict in verdicts:
            fate, reason = self.carry_out(verdict, age)
            event = verdict.event
            yield Outcome(date, event.event, event.node, verdict.profile.name, fate, reason, size.get(event.event, 0))

    def carry_out(self, verdict: Verdict, age: int) -> tuple[Fate, str]:
        """Delete an event if it is to go and nobody holds it; returns what became of it, and why."""
        if not verdict.goes:
            return "kept", verdict.reason
        try:
            with self.holds.hold() if self.delete else contextlib.nullcontext():
                if why := self.holds.why(verdict.event, age > verdict.profile.extended_days):
                    return "locked", why
                if self.delete and not self.datasink.delete(verdict.event):
                    return "locked", "the datasink holds it"
        except (BadInputError, StepError, OSError) as error:
            return self._failed(verdict.event, error)
        return "deleted", verdict.reason

    def _failed(self, event: Event, error: Exception) -> tuple[Fate, str]:
        if isinstance(error, BadInputError) and self._is_gone(event):
            return "gone", "another process has deleted it meanwhile"
        return "failed", str(error)

    def _is_gone(self, event: Event) -> bool:
        try:
            return event.event not in {one.event for one in self.datasink.events(event.date)}
        except (BadInputError, StepError, OSError):
            return False
