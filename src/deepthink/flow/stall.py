"""Watches a notebook while it runs: passes its progress on, and ends it when there is none any more."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deepthink.flow.heartbeat import read_beat
from deepthink.flow.kernel import LocalKernel
from deepthink.records import Progress

POLL_SECONDS = 0.5
STOPPED_SECONDS = 20.0  # between two looks: the machine slept, or the run was paused for its heat


@dataclass
class Watch:
    """One run of a notebook."""

    notebook: Path  # as papermill writes it after every cell
    beat: Path  # what its kernel tells
    progress: Progress
    stall: float  # seconds without a beat or a finished cell, after which it is ended
    kernels: list[LocalKernel] = field(default_factory=list)
    hung: str = ""  # the cell in which it was ended

    @property
    def kernel_class(self) -> type[LocalKernel]:
        """A kernel manager that this watch knows of."""
        known = self.kernels

        class Watched(LocalKernel):
            def __init__(self, *given: Any, **named: Any) -> None:
                super().__init__(*given, **named)
                known.append(self)

        return Watched

    def follow(self, ended: threading.Event) -> None:
        """Pass beats on until the run ends; end it when nothing has moved for too long."""
        last, since = self._state(), time.monotonic()
        looked = since
        while not ended.wait(POLL_SECONDS):
            state, before, looked = self._state(), looked, time.monotonic()
            if looked - before > STOPPED_SECONDS:
                since = looked  # we were stopped, and the notebook with us: that is no hang of its own
            if state != last:
                if state[1] != last[1]:
                    _touch(self.beat)  # a finished cell is a sign of life too, for those who look from outside
                last, since = state, time.monotonic()
                if state[0]:
                    self.progress(*state[0])
            elif time.monotonic() - since > self.stall and self.kernels:
                self.hung = running_cell(self.notebook)
                self._end()
                return

    def _state(self) -> tuple[tuple[int, int, str] | None, int]:
        with contextlib.suppress(OSError):
            return read_beat(self.beat), self.notebook.stat().st_mtime_ns
        return read_beat(self.beat), 0

    def _end(self) -> None:
        """Kill the kernel and what it started; papermill then sees that it died."""
        provisioner: Any = self.kernels[-1].provisioner
        if provisioner and provisioner.pid:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(provisioner.pgid or provisioner.pid, signal.SIGKILL)


def _touch(beat: Path) -> None:
    with contextlib.suppress(OSError):
        os.utime(beat)


@contextlib.contextmanager
def watching(notebook: Path, beat: Path, progress: Progress, stall: float) -> Iterator[Watch]:
    """Watch a run for as long as the body takes."""
    watch, ended = Watch(notebook, beat, progress, stall), threading.Event()
    thread = threading.Thread(target=watch.follow, args=(ended,), name="notebook watch", daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        ended.set()
        thread.join()


def running_cell(notebook: Path) -> str:
    """Return the number and the first line of the cell that a notebook is at, as papermill has noted it."""
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return "its first cell"
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    states = [cell["metadata"].get("papermill", {}).get("status") for cell in code]
    begun = [number for number, state in enumerate(states) if state not in (None, "pending")]
    at = states.index("running") if "running" in states else max(begun, default=0)  # a death is noted as an end
    first = "".join(code[at]["source"]).strip().splitlines() if code else []
    return f"code cell {at + 1} ({first[0] if first else 'empty'})"
