"""What the service must not forget: one small file, replaced in one step before anything is begun that it speaks of."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from deepthink.files import write_json
from deepthink.flow.triggers import Reason, Triggers

log = logging.getLogger(__name__)
FILE = "state.json"
SERVICE = "service"  # what the service locks, so that there is one


@dataclass(frozen=True)
class Work:
    """A run, or the deployment of its version, that has begun and is not over: a restart goes on with it."""

    id: str  # of the run, also in the journal
    reason: Reason
    began: str  # ISO, local
    version: str = ""  # that it is to make, where somebody has named it; of a deployment: what is deployed
    before: str = ""  # what was in production when it began
    starts: int = 0  # how often a process was started for it
    failures: int = 0  # how often one died, or stood still
    not_before: float = 0.0  # seconds since the epoch
    told: bool = False  # whether people know that it is held up
    figures: dict[str, Any] = field(default_factory=dict)  # of a deployment: what the run came to

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Work:
        """Read it back."""
        return cls(**{**content, "reason": Reason(**content["reason"])})


@dataclass(frozen=True)
class State:
    """All that the service must not forget."""

    triggers: Triggers = field(default_factory=Triggers)
    run: Work | None = None
    deploy: Work | None = None
    clock: dict[str, str] = field(default_factory=dict)  # model: the last moment that was answered, ISO with its zone
    collected: int = 0  # events that were left unanswered when collecting ended
    trends: str = ""  # the day on which recognition was last looked at for changes
    alarms: tuple[str, ...] = ()  # of drift, that people know of

    def changed(self, **values: Any) -> State:
        """Return a copy with some fields changed."""
        return replace(self, **values)


class StateFile:
    """The file of a state.

    Parameters
    ----------
    folder : Path
        The site's `training/watch`.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def read(self) -> State:
        """Return the state that was kept; a new one where there is none.

        One that cannot be read is put aside and said so: what was under way then begins anew, and the journal of the
        site keeps that from being done twice.
        """
        try:
            return _read(json.loads(self.path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return State()
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            aside = self.path.with_suffix(".unreadable")
            log.error("%s cannot be read (%s) and is now %s; the service begins anew", self.path, error, aside.name)
            self.path.replace(aside)
            return State()

    def write(self, state: State) -> None:
        """Keep a state; OSError where the disk does not take it, and then nothing may be begun."""
        write_json(self.path, asdict(state))


def _read(content: dict[str, Any]) -> State:
    work = {key: Work.of(content[key]) if content.get(key) else None for key in ("run", "deploy")}
    return State(
        triggers=Triggers.of(content["triggers"]),
        **work,
        clock=dict(content["clock"]),
        collected=int(content["collected"]),
        trends=str(content["trends"]),
        alarms=tuple(content["alarms"]),
    )
