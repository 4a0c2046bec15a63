"""What an alarm says: its figures in a sentence, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, median

from deepthink.learning.compare import Point
from deepthink.learning.questions import DISTANCES, QUALITY, Question


def in_words(ask: Question, now: Sequence[Point], pairs: float, version: str, since: str) -> str:
    """Say what has changed since when, from what to what, and what to do.

    Parameters
    ----------
    ask : Question
    now : sequence of Point
        The events since the change.
    pairs : float
        In what share of all pairs of an event now and one of the reference the first is the larger, or the smaller.
    version : str
    since : str
    """
    before = [point.shown for point in ask.before]
    after = [point.shown for point in now]
    events = f"{len(after)} events since {since}, beside {len(before)} of the first days of {version or 'this version'}"
    if ask.kind == DISTANCES:
        far = f"the median distance is {median(after):.2f} and was {median(before):.2f}"
        said = f"{far}, farther in {100 * pairs:.0f} of 100 pairs ({events})"
        return _about_person(ask, said) if ask.person else _about_camera(ask, said)
    if ask.kind == QUALITY:
        return (
            f"At {ask.where} fewer faces can be used: {_percent(mean(after))} of an event's faces, it was "
            f"{_percent(mean(before))} ({events}). Look whether the camera was moved, is out of focus or dirty, "
            "or is lit otherwise."
        )
    return _about_unknown(ask, mean(before), mean(after), events)


def _about_person(ask: Question, said: str) -> str:
    return (
        f"Faces named {ask.where} lie farther from their baseline: {said}. Look at them: if they are {ask.where}, "
        "accept some of the newest in the review and train again; if not, give them their own name."
    )


def _about_camera(ask: Question, said: str) -> str:
    return (
        f"At {ask.where} the people who are known lie farther from their baselines: {said}. Look whether the camera "
        "was moved or is lit otherwise; if it is to stay so, review its newest faces and train again."
    )


def _about_unknown(ask: Question, before: float, after: float, events: str) -> str:
    said = (
        f"at {ask.where} somebody unknown is in {_percent(after)} of the events, it was {_percent(before)} ({events})"
    )
    if after >= before:
        return f"More unknown: {said}. Review its newest faces: if they are people you know, train again."
    return f"Fewer unknown: {said}. Look whether strangers are given names there: review its newest faces."


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
