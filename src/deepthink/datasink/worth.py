"""What an event is worth, by everything it holds: DeepThink's rules for keeping it or letting it go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from deepthink.datasink import profiles
from deepthink.datasink.base import FACES, RECOGNITIONS, SPEEDS, Datasink, Event
from deepthink.datasink.labels import Label, parse_label
from deepthink.datasink.profiles import Policy, Profile
from deepthink.errors import BadInputError
from deepthink.records import UNKNOWN


@dataclass(frozen=True)
class Verdict:
    """Whether an event goes, and why."""

    event: Event
    profile: Profile
    goes: bool
    reason: str


def judge_day(datasink: Datasink, events: Sequence[Event], policy: Policy, age: int) -> list[Verdict]:
    """Judge a day's events, each by all its sets together.

    Parameters
    ----------
    datasink : Datasink
        Holds the events' sets; a label that cannot be read is noted in its problems, and costs itself alone.
    events : sequence of Event
        All of one day.
    policy : Policy
    age : int
        Days since then.
    """
    all_of, seen = Counter(event.node for event in events), Counter(e.node for e in events if FACES in e.types)
    found = []
    for event in events:
        profile = policy.of(event.node)
        if profile is None:
            found.append(Verdict(event, Profile(""), False, "no profile names its node"))
            continue
        blind = seen[event.node] < profile.min_face_ratio * all_of[event.node]
        why = _kept(datasink, event, profile, age, blind)
        found.append(Verdict(event, profile, not why, why or _goes(profile, age)))
    return found


def days(number: float) -> str:
    """Write a number of days.

    Examples
    --------
    >>> days(1), days(14)
    ('1 day', '14 days')
    """
    return f"{number:g} day{'' if number == 1 else 's'}"


def _goes(profile: Profile, age: int) -> str:
    """Return why an event that nothing keeps goes."""
    if profile.strategy == profiles.MINIMAL:
        return f"older than {days(profile.retention_days)}"
    if age > profile.extended_days:
        return f"older than {days(max(profile.retention_days, profile.extended_days))}"
    return f"older than {days(profile.retention_days)}, nothing of worth in it"


def _kept(datasink: Datasink, event: Event, profile: Profile, age: int, blind: bool) -> str:
    """Return why an event is kept; nothing when it goes."""
    if profile.strategy == profiles.NEVER:
        return "never deleted"
    if age <= profile.retention_days:
        return f"not older than {days(profile.retention_days)}"
    if profile.strategy == profiles.MINIMAL:
        return ""
    fastest = _fastest(datasink, event)
    if fastest and fastest > profile.speed_cutoff:
        return f"faster than {profile.speed_cutoff:g}"
    if age > profile.extended_days:
        return ""
    why = "a vehicle's speed" if fastest is not None else _faces(datasink, event, profile)
    if not why and profile.strategy == profiles.FACES and blind:
        why = f"faces in less than {profile.min_face_ratio:.0%} of the day's events: detection may not have run"
    return why and f"{why}, not older than {days(profile.extended_days)}"


def _fastest(datasink: Datasink, event: Event) -> float | None:
    """Return the highest speed, 0 when a vehicle has none; None without a vehicle."""
    if SPEEDS not in event.types:
        return None
    return max((read_speed(mark.classname) for mark in datasink.marks(event, SPEEDS)), default=None)


def read_speed(label: str) -> float:
    """Read the speed of a label; one without it is 0.

    Examples
    --------
    >>> read_speed("41.2 mph: L-to-R"), read_speed("L-to-R")
    (41.2, 0.0)
    """
    try:
        speed = float(label.split()[0])
    except (ValueError, IndexError):
        return 0.0
    return speed if speed == speed else 0.0


def _faces(datasink: Datasink, event: Event, profile: Profile) -> str:
    """Return what the event's faces are worth."""
    if RECOGNITIONS not in event.types:
        unasked = FACES in event.types and datasink.marks(event, FACES)
        return "faces that were not recognised yet" if unasked else ""
    marks = datasink.marks(event, RECOGNITIONS)
    labels = [label for mark in marks if (label := _read(datasink, event, mark.classname))]
    if any(label.probability > profile.confidence_threshold and label.name != UNKNOWN for label in labels):
        return f"a face recognised above {profile.confidence_threshold:g}"
    if any(label.usable for label in labels):
        return "a usable face"
    return "faces of which no label can be read" if marks and not labels else ""


def _read(datasink: Datasink, event: Event, text: str) -> Label | None:
    try:
        return parse_label(text)
    except BadInputError as error:
        datasink.problems.add(f"{event.date} {event.event} {RECOGNITIONS}", None, str(error))
        return None
