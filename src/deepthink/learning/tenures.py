"""Which version answered when, and whom it knew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Tenure:
    """A version's time in production."""

    version: str
    since: datetime  # the first event that it can have answered began then or later
    people: frozenset[str] | None  # whom it knows; None: its files are gone, and nobody can say


def answering(tenures: Sequence[Tenure], time: datetime) -> Tenure | None:
    """Return the tenure, of those in the order of deployment, that a time falls into; None when nobody answered yet.

    Examples
    --------
    >>> old, new = (Tenure(name, datetime(2026, 3, day), frozenset()) for name, day in (("alpha", 1), ("beta2", 9)))
    >>> answering([old, new], datetime(2026, 3, 5)).version
    'alpha'
    """
    return next((one for one in reversed(tenures) if one.since <= time), None)
