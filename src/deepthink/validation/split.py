"""Which reviewed events are kept from training, so that they prove something when they are asked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

FEWEST = 4  # events; a person with fewer is enrolled with all of them: asking would cost more than it tells


def hold_out(events: Iterable[tuple[str, str]], share: float) -> list[str]:
    """Choose the events to ask: about `share` of each person's, always the same ones.

    An event with several people is kept from training for all of them. The choice depends on the events' names alone,
    so that a new row does not reshuffle the others.

    Parameters
    ----------
    events : iterable of (str, str)
        A person (or "Unknown" for strangers) and an event, "date|event".
    share : float
        0 to 0.9.

    Returns
    -------
    list of str
        Events, sorted.

    Examples
    --------
    >>> hold_out([("ann", f"2026-03-02|{n}") for n in range(8)], 0.25) == hold_out(
    ...     [("ann", f"2026-03-02|{n}") for n in range(8)], 0.25)
    True
    """
    own: dict[str, set[str]] = {}
    for person, event in events:
        own.setdefault(person, set()).add(event)
    chosen: set[str] = set()
    for person in sorted(own):
        if len(own[person]) >= FEWEST:
            order = sorted(own[person], key=_shuffle)
            chosen.update(order[: int(len(order) * share)])
    return sorted(_without_emptying(chosen, own))


def _shuffle(event: str) -> str:
    return hashlib.sha256(event.encode()).hexdigest()


def _without_emptying(chosen: set[str], own: dict[str, set[str]]) -> set[str]:
    """Give back the events of a person of whom too few would be left, because they are shared with others."""
    for events in own.values():
        if len(events - chosen) < min(len(events), FEWEST - 1):
            chosen = chosen - events
    return chosen
