"""What is told: news, once each, and how a site stands, again and again."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

Kind = Literal["waits", "deployed", "failed", "drift", "trouble", "test"]
# how a run ends; published: it passed, and is deployed as soon as machines may be changed
Outcome = Literal["published", "deployed", "waits", "failed", "nothing"]


@dataclass(frozen=True)
class News:
    """Something that happened, of which a person wants to hear."""

    kind: Kind
    title: str  # half a line
    text: str  # a few sentences: what happened, and what to do next
    version: str = ""
    run: str = ""  # of the run that it is about
    when: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    id: str = field(default_factory=lambda: uuid.uuid4().hex)  # who hears it twice can tell

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


@dataclass(frozen=True)
class Standing:
    """How a site stands at a moment; None is "not known"."""

    version: str = ""  # in production; empty: none
    since: str = ""  # ISO, when it was deployed
    outcome: str = ""  # of the last run, an Outcome; empty: none yet
    outcome_says: str = ""  # in a sentence
    outcome_version: str = ""
    waits_for: str = ""  # what a person must do; empty: nothing
    to_review: int = 0  # candidate rows
    selected: int = 0  # rows that were accepted and not trained on yet
    people: int = 0  # who are enrolled
    events_today: int = 0  # with faces
    named_today: int = 0
    unknown_today: int = 0
    unknown_last: str = ""  # ISO, when somebody unknown was seen last
    unknown_camera: str = ""  # and where
    alarms: tuple[str, ...] = ()  # of drift, each a sentence
    running: bool = False
    run_version: str = ""
    run_step: str = ""
    run_done: int = 0
    run_total: int = 0
    seconds_left: float | None = None  # of the run
    runs: dict[str, int] = field(default_factory=dict)  # how many ended how, since the beginning
    last_seconds: float | None = None  # that the last run took
    last_watt_hours: float | None = None  # that it used
    celsius: float | None = None
    watts: float | None = None  # now
    disk_free: int | None = None  # bytes
    memory_free: int | None = None  # bytes


class Channel(Protocol):
    """A way by which news reach people or programs."""

    name: str  # as it stands in the log; no address in it that holds a password

    def send(self, news: News) -> None:
        """Send it; DeliveryError when it did not arrive, so that it is tried again."""
        ...
