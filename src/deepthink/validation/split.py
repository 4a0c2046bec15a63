"""Which reviewed events are kept from training, so that they prove something when they are asked.

Events that are nearly the same picture prove nothing of each other: they go to one side together. So do a person's
events of one day, with its clothes and its light, when there are days enough; and all events of one stranger, because
the strangers that are asked must be none that the thresholds were set on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import ArrayLike

from deepthink.model.openset import distances_to
from deepthink.records import UNKNOWN

FEWEST = 4  # events; a person with fewer is enrolled with all of them: asking would cost more than it tells
DAYS = 4  # from which on a person's events are kept by whole days
BLOCK = 512  # faces compared with all of their person's at once, so that memory stays small
# Caught of 84 photographs altered a little (150 pixels, YuNet): 93 % moved by 3 pixels, 81 % made brighter, 80 % turned
# by 4 degrees, 79 % at JPEG quality 60, 73 % scaled to four fifths, 41 % at quality 25. Other photographs of the same
# person lie 0.26 to 0.55 apart (1 to 95 of 100). One measure alone must be much nearer: a drawn or a distant face is
# like others in either.
COPY, COPY_BITS = 0.25, 3
SURE_COPY = 0.05
SAME_STRANGER = 0.45  # as two faces of one event are linked

Group = tuple[str, ...]  # events that stay together


def hold_out(events: Iterable[tuple[str, str]], share: float, together: Iterable[Group] = ()) -> list[str]:
    """Choose the events to ask: about `share` of each person's, always the same ones.

    An event with several people is kept from training for all of them. The choice depends on the events' names alone,
    so that a new row does not reshuffle the others.

    Parameters
    ----------
    events : iterable of (str, str)
        A person (or "Unknown" for strangers) and an event, "date|event".
    share : float
        0 to 0.9.
    together : iterable of tuple of str
        Events that must not be parted, as `copies` and `same_strangers` find them.

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
    groups = _joined([*together, *(day for person in own for day in _days(person, own[person]))])
    chosen: set[str] = set()
    for person in sorted(own):
        if len(own[person]) >= FEWEST:
            chosen |= _some(own[person], int(len(own[person]) * share), groups, chosen)
    return sorted(_without_emptying(chosen, own, groups))


def copies(people: ArrayLike, events: ArrayLike, embeddings: np.ndarray, hashes: np.ndarray) -> list[Group]:
    """Return the pairs of a person's events that hold nearly the same picture.

    Parameters
    ----------
    people, events : array-like of str
        Whose each face is, and its event.
    embeddings : ndarray of shape (faces, dimensions)
    hashes : ndarray of shape (faces,)
        64-bit perceptual hashes, 0 where there is none: then the embeddings alone must tell.
    """
    kept = np.asarray(hashes, np.uint64)

    def same(rows: np.ndarray, own: np.ndarray) -> np.ndarray:
        bits = np.bitwise_count(kept[rows, None] ^ kept[None, own])
        apart = distances_to(embeddings[rows], embeddings[own])
        alike = (bits <= COPY_BITS) & (kept[rows, None] > 0) & (kept[None, own] > 0)
        return (apart < SURE_COPY) | (alike & (apart < COPY))

    return _alike(same, np.asarray(people, object), np.asarray(events, object))


def same_strangers(events: ArrayLike, embeddings: np.ndarray) -> list[Group]:
    """Return the pairs of strangers' events that are probably one stranger's: a face of each is near the other's."""
    where = np.asarray(events, object)

    def same(rows: np.ndarray, own: np.ndarray) -> np.ndarray:
        return distances_to(embeddings[rows], embeddings[own]) < SAME_STRANGER

    return _alike(same, np.full(len(where), UNKNOWN, object), where)


def _alike(same: Callable[[np.ndarray, np.ndarray], np.ndarray], people: np.ndarray, events: np.ndarray) -> list[Group]:
    """Return the pairs of events of each person of which a face is the `same`; a block of rows at a time."""
    found: set[Group] = set()
    for person in sorted(set(people)):
        own = np.flatnonzero(people == person)
        for start in range(0, len(own), BLOCK):
            rows = own[start : start + BLOCK]
            first, second = np.nonzero(same(rows, own))
            pairs = zip(events[rows[first]], events[own[second]], strict=True)
            found |= {(one, other) for one, other in pairs if one < other}
    return sorted(found)


def _days(person: str, events: set[str]) -> list[Group]:
    """Return a person's events by day, when there are days enough; strangers come when they like."""
    days: dict[str, list[str]] = {}
    for event in sorted(events):
        days.setdefault(event.split("|", 1)[0], []).append(event)
    return [tuple(day) for day in days.values()] if len(days) >= DAYS and person != UNKNOWN else []


def _joined(groups: Iterable[Group]) -> dict[str, frozenset[str]]:
    """Return with each event all that it stays together with, over however many others."""
    whole: dict[str, set[str]] = {}
    for group in groups:
        one = set(group).union(*(whole.get(event, ()) for event in group))
        whole |= dict.fromkeys(one, one)
    return {event: frozenset(one) for event, one in whole.items()}


def _some(events: set[str], wanted: int, groups: dict[str, frozenset[str]], already: set[str]) -> set[str]:
    """Return groups of a person's events, with what stays together with them: as many events as wanted, or nearly."""
    chosen = events & already
    taken: set[str] = set()
    for group in sorted({groups.get(event, frozenset({event})) for event in events}, key=_shuffle):
        own = group & (events - already)
        if own and len(chosen) < wanted and len(chosen) + len(own) <= max(2 * wanted, 1):
            chosen, taken = chosen | own, taken | group
    return taken


def _shuffle(group: frozenset[str]) -> str:
    return min(hashlib.sha256(event.encode()).hexdigest() for event in group)


def _without_emptying(chosen: set[str], own: dict[str, set[str]], groups: dict[str, frozenset[str]]) -> set[str]:
    """Give back the events of a person of whom too few would be left, because they are shared with others."""
    for events in own.values():
        if len(events - chosen) < min(len(events), FEWEST - 1):
            chosen = chosen - events.union(*(groups.get(event, ()) for event in events))
    return chosen
