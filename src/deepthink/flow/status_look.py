"""Lets the doctor look at the whole site now and then, in a process of its own: what it loads goes when it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from deepthink.flow.doctor.finding import Finding, Harm
from deepthink.flow.limits import politely
from deepthink.flow.status_board import Looked

EVERY = 600.0  # seconds between two looks, at least
AGAIN = 20.0  # seconds after which somebody may ask for another
LONGEST = 120.0  # seconds
NICE = 10


class Look:
    """The last look at a site, and the next.

    Parameters
    ----------
    folder : Path
        The site's.
    flags : sequence of str
        Settings for this service alone.
    """

    def __init__(self, folder: Path, flags: Sequence[str] = ()) -> None:
        sets = [word for flag in flags for word in ("--set", flag)]
        self.command = [sys.executable, "-m", "deepthink", "doctor", str(folder), "--json", *sets]
        self.found = Looked()
        self._one = threading.Lock()
        self._ended, self._closed = -EVERY, False
        self._child: subprocess.Popen[str] | None = None

    def perhaps(self) -> None:
        """Begin to look when the last look is old; it goes on beside."""
        self.begin(EVERY)

    def begin(self, after: float = AGAIN) -> bool:
        """Begin to look unless one is under way, or was so many seconds ago; whether one has begun."""
        with self._one:
            if self._closed or self.found.running or time.monotonic() - self._ended < after:
                return False
            self.found = replace(self.found, running=True)
        threading.Thread(target=self._look, name="look", daemon=True).start()
        return True

    def _look(self) -> None:
        try:
            findings, says = self._asked(), ""
        except (OSError, ValueError, KeyError, TypeError) as error:
            findings, says = (), f"The look failed: {' '.join(str(error).split())[:200]}"
        with self._one:
            self._ended = time.monotonic()
            self.found = Looked(datetime.now().isoformat(timespec="seconds"), False, findings, says)

    def _asked(self) -> tuple[Finding, ...]:
        """Ask the doctor; what goes wrong is told without the command, in which settings may stand."""
        own = {**os.environ, "OMP_NUM_THREADS": "1"}
        with self._one:
            if self._closed:
                return ()
            child = self._child = subprocess.Popen(
                politely(self.command, NICE), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=own,
                start_new_session=True,
            )  # fmt: skip
        try:
            printed, said = child.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            raise ValueError(f"it had not ended after {LONGEST:.0f} s") from None
        finally:
            self._end_child()
        if not printed.strip():
            raise ValueError((said.strip().splitlines() or ["it said nothing"])[-1])
        return tuple(Finding(**{**one, "harm": Harm(one["harm"])}) for one in json.loads(printed))

    def _end_child(self) -> None:
        """End what was begun, with all that it has begun itself."""
        child = self._child
        if child is not None and child.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()

    def close(self) -> None:
        """Look no more."""
        with self._one:
            self._closed = True
        self._end_child()
