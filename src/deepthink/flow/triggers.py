"""Reasons to train: what they are, when they count, and which have been answered already. Data alone, no doing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

AHEAD = timedelta(hours=26)  # a time that far in the future was noted by a clock that was wrong
REMEMBERED = 50  # answered reasons of a kind


@dataclass(frozen=True)
class Reason:
    """Why a run should begin."""

    kind: str  # request, schedule, sentinel, selected, enrolled, corrected, drift
    key: str  # what makes it the same reason: answered once, it is not answered again
    says: str  # a sentence
    when: str  # ISO, local: when it was first there
    version: str | None = None  # what the version is to be called


@dataclass(frozen=True)
class Rule:
    """When reasons of a kind count."""

    settle: timedelta  # it must have stood unchanged for so long
    cool_down: timedelta  # after the last run that nobody asked for


NOW = Rule(timedelta(), timedelta())


def rules(settle_minutes: float, cool_down_hours: float) -> dict[str, Rule]:
    """Return the rule of each kind: who asks, and the clock, are answered at once; the rest can wait.

    Examples
    --------
    >>> rules(10, 6)["selected"].settle
    datetime.timedelta(seconds=600)
    """
    settle, cool = timedelta(minutes=settle_minutes), timedelta(hours=cool_down_hours)
    return {
        "request": NOW,
        "schedule": NOW,
        "sentinel": Rule(min(settle, timedelta(minutes=1)), cool),
        "selected": Rule(settle, cool),
        "enrolled": Rule(settle, cool),
        "corrected": Rule(settle, timedelta()),  # somebody mends what failed, and waits for it
        "drift": Rule(timedelta(), max(cool, timedelta(days=7) if cool else cool)),
    }


@dataclass(frozen=True)
class Triggers:
    """The reasons that wait, and those that were answered.

    Examples
    --------
    >>> noon = datetime(2026, 3, 2, 12)
    >>> one = Reason("selected", "digest", "24 faces", noon.isoformat())
    >>> triggers = Triggers().offered(one)
    >>> calm = rules(10, 6)
    >>> triggers.due(calm, noon), triggers.due(calm, noon + timedelta(minutes=10)) == one
    (None, True)
    >>> triggers.answered(one, noon).offered(one).waiting
    ()
    """

    waiting: tuple[Reason, ...] = ()
    answers: dict[str, tuple[str, ...]] = field(default_factory=dict)  # keys by kind, the last one last
    ran: str = ""  # when the last run began that nobody had asked for

    def offered(self, reason: Reason) -> Triggers:
        """Add a reason; one of its kind that waits makes room, and one that was answered does not come back.

        When the same key waits already its first moment counts, for another key the settling begins anew; requests
        are each answered.
        """
        if reason.key in self.answers.get(reason.kind, ()) or any(
            (one.kind, one.key) == (reason.kind, reason.key) for one in self.waiting
        ):
            return self
        kept = tuple(one for one in self.waiting if one.kind != reason.kind or reason.kind == "request")
        return replace(self, waiting=(*kept, reason))

    def withdrawn(self, kinds: Iterable[str]) -> Triggers:
        """Take back the reasons of some kinds that wait: they hold no more."""
        gone = set(kinds)
        return replace(self, waiting=tuple(one for one in self.waiting if one.kind not in gone))

    def due(self, by: Mapping[str, Rule], now: datetime) -> Reason | None:
        """Return the reason to begin a run for, those that somebody waits for first; None while none counts."""
        order = list(by)
        ready = [one for one in self.waiting if one.kind in by and self._counts(one, by[one.kind], now)]
        return min(ready, key=lambda one: order.index(one.kind), default=None)

    def _counts(self, reason: Reason, rule: Rule, now: datetime) -> bool:
        return _past(reason.when, rule.settle, now) and _past(self.ran, rule.cool_down, now)

    def answered(self, reason: Reason, now: datetime) -> Triggers:
        """Note that a run begins for a reason: it answers every other that waits and counts on the same faces too."""
        asked = reason.kind == "request"
        told = (
            [reason] if asked else [reason, *(one for one in self.waiting if one.kind not in ("request", reason.kind))]
        )
        answers = dict(self.answers)
        for one in told:
            answers[one.kind] = (*answers.get(one.kind, ()), one.key)[-REMEMBERED:]
        gone = {(one.kind, one.key) for one in told}
        waiting = tuple(one for one in self.waiting if (one.kind, one.key) not in gone)
        ran = self.ran if asked else now.isoformat(timespec="seconds")
        return Triggers(waiting, answers, ran)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Triggers:
        """Read it back."""
        waiting = tuple(Reason(**one) for one in content.get("waiting", ()))
        answers = {kind: tuple(keys) for kind, keys in content.get("answers", {}).items()}
        return cls(waiting, answers, str(content.get("ran", "")))


def _past(when: str, span: timedelta, now: datetime) -> bool:
    """Whether so long has gone by since a moment; a moment that only a wrong clock can have noted is long ago."""
    if not when or not span:
        return True
    gone = now - datetime.fromisoformat(when)
    return gone >= span or gone < -AHEAD
