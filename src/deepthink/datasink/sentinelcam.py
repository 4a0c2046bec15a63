"""Which events SentinelCam's DailyCleanup would delete, exactly, faults included (docs/formats.md, section 2).

Its strategies other than never_delete differ in nothing, min_face_ratio saves no event (bug B15), one usable face keeps
an event for good (B16), and a label that it cannot read ends the day (B13).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from deepthink.datasink.base import RECOGNITIONS, SPEEDS, TRACKING, Datasink, Event
from deepthink.datasink.profiles import NEVER, Policy, Profile
from deepthink.datasink.worth import Verdict, days, read_speed
from deepthink.errors import BadInputError


def judge_day(datasink: Datasink, events: Sequence[Event], policy: Policy, age: int) -> list[Verdict]:
    """Judge a day's events as DailyCleanup does: node by node, in the order of each one's newest event.

    A node's events are deleted when all were judged; so one bad label saves them and all nodes that follow.
    """
    found: list[Verdict] = []
    ended = ""
    for node in dict.fromkeys(event.node for event in reversed(events)):
        own = [event for event in reversed(events) if event.node == node]
        profile = policy.of(node) or Profile()
        if not ended:
            try:
                found += [_judge(datasink, event, profile, age) for event in own]
                continue
            except BadInputError as error:
                ended = f"the day was ended by a label: {error}"
                datasink.problems.add(f"{own[0].date} {node}", None, ended)
        found += [Verdict(event, profile, False, ended) for event in own]
    return found


def _judge(datasink: Datasink, event: Event, profile: Profile, age: int) -> Verdict:
    why = "no tracking line: never looked at" if TRACKING not in event.types else _kept(datasink, event, profile, age)
    return Verdict(event, profile, not why, why or f"older than {days(profile.retention_days)}, nothing of worth in it")


def _kept(datasink: Datasink, event: Event, profile: Profile, age: int) -> str:
    if profile.strategy == NEVER:
        return "never deleted"
    if age <= profile.retention_days:
        return f"not older than {days(profile.retention_days)}"
    if SPEEDS in event.types and (marks := datasink.marks(event, SPEEDS)):
        if age <= profile.extended_days:
            return f"a vehicle's speed, not older than {days(profile.extended_days)}"
        if any(read_speed(mark.classname) > profile.speed_cutoff for mark in marks):
            return f"faster than {profile.speed_cutoff:g}"
    if RECOGNITIONS in event.types:
        return _faces([mark.classname for mark in datasink.marks(event, RECOGNITIONS)], profile)
    return ""


def _faces(texts: Iterable[str], profile: Profile) -> str:
    labels = [read_numbers(text) for text in texts]  # all of them: any that cannot be read ends the day
    if any(usable for _, usable in labels):
        return "a usable face"
    if any(probability > profile.confidence_threshold for probability, _ in labels):
        return f"a face recognised above {profile.confidence_threshold:g}"
    return ""


def read_numbers(text: str) -> tuple[float, bool]:
    """Read a label's probability and whether the face is usable, as leniently as SentinelCam and no more.

    Raises
    ------
    BadInputError
        SentinelCam would fail on it.

    Examples
    --------
    >>> read_numbers("Ann: 50.00% (0.868943|0.095574|0|1)")
    (0.5, False)
    """
    try:
        _, share, numbers, *_ = text.split()
        values = [float(number) for number in numbers.removeprefix("(").removesuffix(")").replace("|", ",").split(",")]
        if not (numbers.startswith("(") and numbers.endswith(")")) or "n" in numbers.lower() or len(values) < 4:
            raise ValueError(numbers)
        return float(share[:-1]) / 100, values[2] == 1
    except (ValueError, IndexError):
        raise BadInputError(f"{text[:80]!r}") from None
