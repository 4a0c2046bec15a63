"""All that the status page shows of a site, as one record."""

from __future__ import annotations

from dataclasses import dataclass, field

from deepthink.flow.doctor.finding import Finding
from deepthink.flow.requests import Request
from deepthink.flow.runs import Ended
from deepthink.flow.status_waits import Wait
from deepthink.learning.trends import Trends
from deepthink.messages.base import Standing


@dataclass(frozen=True)
class Place:
    """A machine that receives versions, and what it was given last."""

    name: str
    version: str  # empty: none
    since: str  # ISO
    says: str = ""  # what has gone wrong with it


@dataclass(frozen=True)
class Queue:
    """What the facelist holds for people."""

    named: int = 0  # candidates that recognition has a name for
    unknown: int = 0  # candidates that it has none for
    selected: int = 0  # accepted, and not trained on yet
    enrolled: int = 0  # faces in use
    people: int = 0

    @property
    def waits(self) -> int:
        """Faces that wait for somebody's decision."""
        return self.named + self.unknown


@dataclass(frozen=True)
class Looked:
    """What a look at all machines has found; it takes a while, and is taken now and then."""

    when: str = ""  # ISO, when it ended; empty: not yet
    running: bool = False
    findings: tuple[Finding, ...] = ()
    says: str = ""  # why there are none, when the look itself failed


@dataclass(frozen=True)
class Board:
    """A site as its status page shows it."""

    site: str
    standing: Standing
    places: tuple[Place, ...] = ()
    waits: tuple[Wait, ...] = ()
    runs: tuple[Ended, ...] = ()  # the last first
    pages: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by version: report, notebook, as far as there
    queue: Queue = Queue()
    requests: tuple[Request, ...] = ()  # for a training, which nobody has taken
    trends: Trends | None = None
    watched: bool | None = None  # whether `deepthink watch` runs; None: not known
    limits: tuple[float, float] = (0.1, 0.05)  # the gates' FNIR and FPIR
    disk: dict[str, int] = field(default_factory=dict)  # bytes: total, free
    memory: dict[str, int] = field(default_factory=dict)  # bytes: total, free; empty where that is not known
    looked: Looked = Looked()
    trouble: str = ""  # what could not be read
