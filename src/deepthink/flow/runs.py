"""The runs that the service has made: one line each, and what is kept of the one under way."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from deepthink.files import append_line
from deepthink.messages.base import Outcome

FILE = "runs.jsonl"


@dataclass(frozen=True)
class Ended:
    """A run that is over."""

    run: str  # its id, the same as in the journal
    reason: str  # kind of the reason: sentinel, selected, enrolled, drift, schedule, request
    why: str  # the reason, in a sentence
    began: str  # ISO, local
    ended: str
    seconds: float  # of work; pauses are not counted
    outcome: Outcome
    says: str  # how it ended, in a sentence, and what to do next
    version: str = ""
    passed: bool | None = None  # its verdict; None: it came to none
    watt_hours: float | None = None
    steps: dict[str, float] = field(default_factory=dict)  # seconds of each


def note(folder: Path, run: Ended) -> None:
    """Add a run to those of a training folder."""
    append_line(folder / FILE, json.dumps(asdict(run), ensure_ascii=False))


def read_runs(folder: Path, most: int | None = None) -> list[Ended]:
    """Return the runs of a training folder, the last first; a line torn by a kill is passed over.

    A run that went on after it was published (it was deployed) has two lines: the later one counts.
    """
    found: dict[str, Ended] = {}
    try:
        lines = (folder / FILE).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    for line in reversed(lines):
        try:
            content: dict[str, Any] = json.loads(line)
            found.setdefault(content["run"], Ended(**content))
        except (ValueError, TypeError, KeyError):
            continue
        if most is not None and len(found) == most:
            break
    return list(found.values())


def tally(runs: list[Ended]) -> dict[str, int]:
    """Return how many runs ended how."""
    return dict(Counter(run.outcome for run in runs))
