"""Finds where recognition has changed since a version came into use, without anybody's labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from deepthink.learning.compare import Point, beginning, chance_of_days, chance_of_events, corrected, superiority
from deepthink.learning.questions import (
    DISTANCES,
    LEAST_NOW,
    QUALITY,
    UNKNOWNS,
    Question,
    Sides,
    of_cameras,
    of_people,
    sides,
)
from deepthink.learning.sightings import Sighting
from deepthink.learning.trends import Alarm
from deepthink.learning.words import in_words

CHANCE = 0.002  # of a false alarm at one look at a site; it is looked at each day, for months
LEAST = {DISTANCES: 0.15, UNKNOWNS: 0.10, QUALITY: 0.15}  # superiority beyond a half: less is trivial
FEW_DAYS, MORE = 4, 0.10  # a reference of fewer days cannot tell how days differ: so much more is asked
LATELY, LONGER = 40, 160  # events
WORTH = 1.5  # times as many events, for a comparison of its own
NEARER, NEARER_CHANCE = 0.65, 0.01  # unknown faces are nearer to somebody than unknown ones were
FACES = 12


@dataclass(frozen=True)
class Looked:
    """What a look at a site has found."""

    alarms: tuple[Alarm, ...]
    looks: int  # comparisons


class Answer:
    """What one question's events say, before it is known how many others are asked."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.lately = question.now[-LATELY:]

    @property
    def both_ways(self) -> bool:
        """Whether a fall is news as a rise is: fewer unknown may mean that strangers are given names."""
        return self.question.kind == UNKNOWNS

    @cached_property
    def spans(self) -> list[Sequence[Point]]:
        """What is compared: what came lately shows a jump soon, what came over longer a smaller one."""
        now = self.question.now
        longer = [count for count in sorted({LONGER, len(now)}) if WORTH * LATELY <= count <= len(now)]
        return [self.lately, *(now[-count:] for count in longer)]

    @cached_property
    def chances(self) -> list[float]:
        """The probability of each span's difference."""
        before = _values(self.question.before)
        return [
            max(
                chance_of_events(before, _values(span), self.both_ways),
                chance_of_days(self.question.before, span, self.both_ways),
            )
            for span in self.spans
        ]

    @cached_property
    def up(self) -> bool:
        """Whether the numbers have risen."""
        return superiority(_values(self.question.before), _values(self.lately)) >= 0.5 or not self.both_ways

    @cached_property
    def least(self) -> float:
        """How large a change must be."""
        days = len({point.date for point in self.question.before})
        return LEAST[self.question.kind] + (MORE if days < FEW_DAYS else 0.0)

    def size(self, span: Sequence[Point]) -> float:
        """Return how large the change is."""
        beyond = superiority(_values(self.question.before), _values(span)) - 0.5
        return beyond if self.up else -beyond

    def lasts(self, span: Sequence[Point]) -> bool:
        """Whether the change is more than the guests of one day, who are as far from everybody as strangers always are.

        Who comes is a matter of days, what a camera sees is not. Residents who are not known any more are nearer.
        """
        if self.question.kind != UNKNOWNS:
            return True
        before, now = ([point.tells for point in side if point.value] for side in (self.question.before, span))
        if superiority(before, now) >= NEARER and chance_of_events(before, now) < NEARER_CHANCE:
            return True
        days = {point.date for point in span}
        others = [[point for point in span if point.date != day] for day in days]
        return len(days) > 1 and all(self.size(rest) >= self.least / 2 for rest in others)

    def stands(self, old: Alarm) -> bool:
        """Whether an alarm that was raised is kept: until what came lately, since it began, is clearly less."""
        large = self.size(_since(self.question, old)[-LATELY:]) >= LEAST[self.question.kind] / 2
        return large and self.up == old.rose

    def raises(self, chances: Sequence[float]) -> bool:
        """Whether it is an alarm, given the corrected probabilities of its spans."""
        pairs = zip(chances, self.spans, strict=True)
        large = any(p < CHANCE and self.size(span) >= self.least and self.lasts(span) for p, span in pairs)
        return large and self.size(self.lately) >= self.least / 2


def look(sightings: Iterable[Sighting], recent: Iterable[str], standing: Sequence[Alarm], version: str) -> Looked:
    """Compare what was seen lately with the first days of the version in production.

    Parameters
    ----------
    sightings : iterable of Sighting
        All that the version has answered, in order of time.
    recent : iterable of str
        The days that count as now.
    standing : sequence of Alarm
        Those of the last look at this version: they are kept until the change is clearly less.
    version : str
        How it is called in what an alarm says.
    """
    changed: dict[str, str] = {}
    for alarm in standing:
        if not alarm.person:
            changed[alarm.where] = min(alarm.since, changed.get(alarm.where, alarm.since))
    both = sides(sightings, set(recent), changed)
    cameras = [Answer(question) for question in of_cameras(both)]
    found = _judged(cameras + _people(both, ()), standing, version)
    moved = {alarm.where for alarm in found.alarms if alarm.kind == DISTANCES and not alarm.person}
    return _judged(cameras + _people(both, moved), standing, version) if moved else found


def _people(both: Sides, moved: Iterable[str]) -> list[Answer]:
    """Ask about people, where cameras have not changed: what has moved a camera's faces has not changed everybody."""
    return [Answer(question) for question in of_people(both.without(set(moved)))]


def _judged(answers: Sequence[Answer], standing: Sequence[Alarm], version: str) -> Looked:
    asked = [answer for answer in answers if answer.question.answerable]
    chances = iter(corrected([p for answer in asked for p in answer.chances]))
    known = {(alarm.kind, alarm.where, alarm.person): alarm for alarm in standing}
    alarms = []
    for answer in answers:
        own = [next(chances) for _ in answer.spans] if answer.question.answerable else []
        alarm = _verdict(answer, own, known.get(answer.question.subject), version)
        alarms += [alarm] if alarm else []
    alarms.sort(key=lambda alarm: (alarm.person, alarm.where, alarm.kind))
    return Looked(tuple(alarms), sum(len(answer.spans) for answer in asked))


def _verdict(answer: Answer, chances: Sequence[float], old: Alarm | None, version: str) -> Alarm | None:
    """Return the alarm that is raised or kept; too few events say nothing against one that stands."""
    if old and answer.question.now and (not chances or len(_since(answer.question, old)) < LEAST_NOW):
        return old
    kept = old if old and answer.stands(old) else None
    if not chances or not (kept or ((old is None or answer.up != old.rose) and answer.raises(chances))):
        return None
    return _alarm(answer, min(chances), kept, version)


def _since(question: Question, old: Alarm) -> Sequence[Point]:
    return [point for point in question.now if point.date >= old.since]


def _alarm(answer: Answer, p: float, old: Alarm | None, version: str) -> Alarm:
    ask = answer.question
    since = old.since if old else beginning(ask.before, ask.now, answer.up)
    fell = "" if answer.up else "|fewer"
    key = old.key if old else f"{ask.kind}|{'person' if ask.person else 'camera'}|{ask.where}|{since}{fell}"
    now = [point for point in ask.now if point.date >= since] or list(ask.now)
    says = in_words(ask, now, 0.5 + answer.size(now), version, since)
    return Alarm(key, ask.kind, ask.where, ask.person, says, float(f"{p:.3g}"), since, _faces(answer, now), answer.up)


def _faces(answer: Answer, now: Sequence[Point]) -> tuple[str, ...]:
    """Return the faces that show the change, the most telling first: where there are fewer unknown, the names given."""
    telling = [point for point in now if point.face and (point.value > 0 or answer.question.kind == DISTANCES)]
    if not answer.up:
        telling = [point for point in now if point.face and not point.value]
    return tuple(dict.fromkeys(point.face for point in sorted(telling, key=lambda point: -point.tells)))[:FACES]


def _values(points: Iterable[Point]) -> list[float]:
    return [point.value for point in points]
