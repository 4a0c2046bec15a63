"""What is asked of an import, and what one tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

Becomes = Literal["selected", "candidate", "stranger"]
BEFORE, GONE = "imported before", "taken out of the gallery here"


@dataclass(frozen=True)
class Wishes:
    """How pictures are to come in."""

    review: bool = False  # all of them as candidates
    strangers: Collection[str] = ()  # names in the other system that mean nobody who lives here
    dry_run: bool = False


@dataclass
class Tally:
    """What became of one person's pictures.

    Examples
    --------
    >>> tally = Tally(selected=2)
    >>> tally.take("candidate")
    >>> tally.taken
    3
    """

    selected: int = 0
    candidate: int = 0
    stranger: int = 0
    passed: Counter[str] = field(default_factory=Counter)  # by reason

    @property
    def taken(self) -> int:
        """All that came."""
        return self.selected + self.candidate + self.stranger

    def take(self, becomes: Becomes) -> None:
        """Count one that came."""
        setattr(self, becomes, getattr(self, becomes) + 1)


@dataclass(frozen=True)
class BringReport:
    """What an import did or, in a dry run, would do."""

    kind: str
    origin: str
    dry_run: bool
    people: dict[str, Tally]
    names: dict[str, str]  # those that could not be carried: theirs, ours
    action: int | None  # its number in the history, from which it can be undone
    ended: str = ""  # why it ended early

    @property
    def taken(self) -> int:
        """Pictures that came."""
        return sum(tally.taken for tally in self.people.values())
