"""An errand under way: a process of its own, which ends with the service, gives signs of life, and can be paused."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepthink.flow.limits import politely
from deepthink.flow.pace import Pace, read_pace
from deepthink.flow.processes import family, pause, resume

LONGEST_WORD = 400  # characters of what a process said last


@dataclass
class Child:
    """A process that does one errand.

    Parameters
    ----------
    kind : str
    command : sequence of str
    folder : Path
        The site's `training/watch`: its output and its result are kept there.
    nice : int
        How far it steps back for what else the machine does.
    """

    kind: str
    command: Sequence[str]
    folder: Path
    nice: int = 0
    paused: float | None = None  # since when it stands still because somebody has stopped it

    def __post_init__(self) -> None:
        """Start it, with its output in a file, as the leader of a session of its own."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                politely(list(self.command), self.nice), stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self._alive = time.monotonic()
        self._beat: Pace | None = None

    @property
    def output(self) -> Path:
        """What it says."""
        return self.folder / f"{self.kind}.log"

    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.poll() is None

    def pace(self) -> Pace | None:
        """Return where it is, if it tells; a new telling is a sign of life."""
        pace = read_pace(self.folder)
        if pace is not None and (self._beat is None or pace.when != self._beat.when):
            self._beat, self._alive = pace, time.monotonic()
        return pace

    def silent(self) -> float:
        """Return the seconds since its last sign of life, those not counted in which it was paused."""
        return 0.0 if self.paused is not None else time.monotonic() - self._alive

    def pause(self) -> None:
        """Let it and all that it has started stand still."""
        if self.paused is None:
            pause(self.process.pid)
            self.paused = time.monotonic()

    def go_on(self) -> None:
        """Let it go on."""
        if self.paused is not None:
            resume(self.process.pid)
            self.paused, self._alive = None, time.monotonic()

    def stop(self, seconds: float) -> None:
        """Ask it to end, and kill it when it has not after so many seconds."""
        self.go_on()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        self.kill()

    def kill(self) -> None:
        """End it and all that it has started, at once."""
        for one in family(self.process.pid):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(one, signal.SIGKILL)
        self.process.wait()

    def said(self) -> list[str]:
        """Return the lines that it has written."""
        try:
            return self.output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        except OSError:
            return []

    def last_word(self) -> str:
        """Return what it said last."""
        return "".join(self.said()[-1:])[-LONGEST_WORD:]


def errand(
    site: Path, kind: str, folder: Path, nice: int = 0, arguments: Sequence[str] = (), flags: Sequence[str] = ()
) -> Child:
    """Start an errand of the service; its result comes to `result_of(folder, kind)`."""
    result_path(folder, kind).unlink(missing_ok=True)
    words = ["--set=" + flag for flag in flags]
    own = [sys.executable, "-m", "deepthink.flow.errand", *words, str(site), kind, str(result_path(folder, kind))]
    return Child(kind, [*own, *arguments], folder, nice)


def result_path(folder: Path, kind: str) -> Path:
    """Return where an errand's result comes to."""
    return folder / f"result_{kind}.json"


def result_of(folder: Path, kind: str) -> dict[str, Any] | None:
    """Return an errand's result; None when it left none."""
    try:
        content = json.loads(result_path(folder, kind).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
