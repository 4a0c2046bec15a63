"""What was done when: one JSON line a step, and the state of a run that is not over."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from deepthink.files import append_line, write_json


@dataclass(frozen=True)
class Run:
    """A walk along the road that has begun."""

    run: str
    version: str
    started: str
    done: tuple[str, ...] = ()
    figures: dict[str, Any] = field(default_factory=dict)  # of the steps done, by step


class Journal:
    """The journal of a site, in its training folder.

    Parameters
    ----------
    folder : Path
        Holds journal.jsonl, to which lines are only added, and run.json, the run that is not over.
    """

    def __init__(self, folder: Path) -> None:
        self.lines, self.state = folder / "journal.jsonl", folder / "run.json"

    def unfinished(self) -> Run | None:
        """Return the run that was interrupted or waits, or None."""
        try:
            content = json.loads(self.state.read_text(encoding="utf-8"))
            return Run(**{**content, "done": tuple(content["done"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def begin(self, version: str, run: str | None = None) -> Run:
        """Begin a run, under an id of its own unless one is given."""
        begun = Run(run or uuid.uuid4().hex[:12], version, _now())
        write_json(self.state, asdict(begun))
        return begun

    def take_over(self, unfinished: Run, run: str) -> Run:
        """Go on with a run under another id: from now on it is that run."""
        taken = replace(unfinished, run=run)
        write_json(self.state, asdict(taken))
        return taken

    def finished(self, run: Run, step: str, seconds: float, figures: dict[str, Any]) -> Run:
        """Note that a step is done."""
        entry = {"when": _now(), "run": run.run, "version": run.version, "step": step, "seconds": round(seconds, 2)}
        append_line(
            self.lines, json.dumps({**figures, **entry}, ensure_ascii=False, default=str)
        )  # the step's own time
        after = Run(run.run, run.version, run.started, (*run.done, step), {**run.figures, step: figures})
        write_json(self.state, asdict(after))
        return after

    def end(self) -> None:
        """Say that the run is over."""
        self.state.unlink(missing_ok=True)

    def entries(self) -> list[dict[str, Any]]:
        """Return all lines, oldest first; one torn by a kill is passed over."""
        if not self.lines.exists():
            return []
        found = []
        for line in self.lines.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found

    def of(self, run: str) -> list[dict[str, Any]]:
        """Return the lines of one run, oldest first."""
        return [entry for entry in self.entries() if entry.get("run") == run]

    def last(self, step: str) -> dict[str, Any] | None:
        """Return the latest line of a step, or None."""
        return next((entry for entry in reversed(self.entries()) if entry.get("step") == step), None)


def _now() -> str:
    return datetime.now().isoformat(timespec="seconds")
