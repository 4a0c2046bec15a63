"""What a rollout did, written down as it goes: one JSON file each, under `rollouts` in the registry."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from deepthink.deployment.deploy import Outcome
from deepthink.files import write_json
from deepthink.flow.processes import alive
from deepthink.registry.history import who

FOLDER = "rollouts"
_NOTHING = {"began": "", "what": "", "version": "", "why": "", "who": "", "targets": {}}
GOING_ON, DONE, FAILED, CUT_OFF = "going on", "done", "failed", "cut off"


class Record:
    """The account of one rollout.

    Parameters
    ----------
    folder : Path
        The registry's.
    what, version : str
        "deploy" or "rollback", and the version; empty for the one before, which is known at the end.
    targets : list of str
        Who is to take it.
    """

    def __init__(self, folder: Path, what: str, version: str, targets: list[str]) -> None:
        began = datetime.now().astimezone()
        self.path = folder / FOLDER / f"{began:%Y-%m-%d_%H.%M.%S.%f}_{what}.json"
        self._lock = threading.Lock()
        self._content: dict[str, Any] = {
            "what": what, "version": version, "who": who(), "process": os.getpid(),
            "began": began.isoformat(timespec="seconds"), "ended": None, "state": GOING_ON, "why": "",
            "targets": dict.fromkeys(targets),
        }  # fmt: skip
        self._write()

    def note(self, outcome: Outcome) -> None:
        """Write down what became of a target; from several threads."""
        with self._lock:
            self._content["targets"][outcome.target] = asdict(outcome)
            self._write()

    def end(self, why: str) -> None:
        """Write down that it ended, and why where it failed."""
        self._content |= {"ended": datetime.now().astimezone().isoformat(timespec="seconds"), "why": why}
        self._content["state"] = FAILED if why else DONE
        run = {outcome["version"] for outcome in self._content["targets"].values() if outcome}
        if not self._content["version"] and len(run) == 1:
            (self._content["version"],) = run
        self._write()

    def _write(self) -> None:
        self.path.parent.mkdir(exist_ok=True)
        write_json(self.path, self._content)


@contextmanager
def recorded(folder: Path, what: str, version: str, targets: list[str]) -> Iterator[Record]:
    """Keep the account of what the block does; an error that ends it is written down too."""
    record = Record(folder, what, version, targets)
    why = ""
    try:
        yield record
    except BaseException as error:
        why = str(error) or type(error).__name__
        raise
    finally:
        with suppress(OSError):  # what was done counts, also when it cannot be written down
            record.end(why)


def read_records(folder: Path) -> list[dict[str, Any]]:
    """Return a registry's accounts, the oldest first; one whose process died before its end was cut off."""
    found = []
    for path in sorted((folder / FOLDER).glob("*.json")):
        with suppress(OSError, ValueError, TypeError, KeyError):  # one that was damaged hides no other
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["state"] == GOING_ON and not alive(content["process"]):
                content["state"] = CUT_OFF
            found.append({**_NOTHING, **content})
    return found
