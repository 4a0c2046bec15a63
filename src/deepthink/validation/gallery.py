"""Questions about what a version was trained on, asked of a person: the answers alone would show it too late."""

from __future__ import annotations

from collections.abc import Mapping

from deepthink.validation.gates import Gate
from deepthink.validation.metrics import Rate

DOUBTED = 0.05  # share of faces nearer to another person; surely more than that, and labels should be looked at
SHRUNK = 0.7  # of the events that production knows somebody from


def labels_gate(doubted: Rate) -> Gate:
    """Ask whether the labels can be trusted: with one face in ten misnamed a model still answers well at first.

    Parameters
    ----------
    doubted : Rate
        Enrolled faces that are nearer to another person than to their own.

    Examples
    --------
    >>> labels_gate(Rate(1, 200)).passed, labels_gate(Rate(20, 200)).passed
    (True, False)
    """
    limit = f"not surely more than {100 * DOUBTED:g} %: deepthink suggest lists them"
    question = "Are faces enrolled under the right name?"
    return Gate("labels", question, limit, f"{doubted} nearer to another", doubted.interval[0] <= DOUBTED, asks=True)


def shrunk_gate(champion: str, before: Mapping[str, int], now: Mapping[str, int]) -> Gate:
    """Ask whether somebody is known from much less than in production: rows revoked in error, a facelist cut short.

    Parameters
    ----------
    champion : str
        The version in production.
    before, now : mapping of str to int
        The events that it and the new version know each person from.

    Examples
    --------
    >>> shrunk_gate("alpha", {"ann": 10, "bob": 4}, {"ann": 5, "bob": 4}).found
    'ann 5 instead of 10'
    """
    less = [
        f"{person} {now[person]} instead of {count}"
        for person, count in sorted(before.items())
        if now.get(person, count) < SHRUNK * count
    ]
    question = f"Is everyone known from as much as in {champion}?"
    limit = f"at least {100 * SHRUNK:g} % of the events"
    return Gate("gallery", question, limit, ", ".join(less) or "yes", not less, asks=True)
