"""A sentinel's engines: processes that run its jobs one after the other, and are replaced when they crash or hang."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from deepthink.errors import DeepthinkError, StepError

FIRST_DELAY, LONGEST_DELAY = 1.0, 60.0  # seconds before an engine that dies at once is started again
ENDED, FAILED, LOST = "ended", "failed", "lost"  # lost: what is needed was not to be had; another try may help

Tell = Callable[..., None]
Work = Callable[[dict[str, Any], Tell], Any]  # what an engine does with a job


@dataclass(frozen=True)
class Said:
    """What an engine said: `beat`, `publish`, or how a job ended."""

    what: str
    content: tuple[Any, ...] = ()


class Engine:
    """One process, which makes its work ready once and then does job after job.

    Parameters
    ----------
    name : str
        How it is called in messages.
    classes : tuple of int
        The job classes it takes, the first ones first.
    prepare : callable
        Run in the process; takes `arguments`, and returns what does a job: a function of the job, as a dictionary,
        and of `tell`, to be called with what is to be said of it.
    arguments : tuple
        For `prepare`; must be picklable, as `prepare` itself.
    """

    def __init__(self, name: str, classes: tuple[int, ...], prepare: Callable[..., Work], *arguments: Any) -> None:
        self.name, self.classes = name, classes
        self._prepare, self._arguments = prepare, arguments
        self._delay, self._not_before = FIRST_DELAY, 0.0
        self._process: Any = None
        self.connection: Connection | None = None
        self.busy = False
        self.stall_seconds = 0.0
        self._heard = 0.0

    @property
    def ready(self) -> bool:
        """Whether it can be given a job."""
        return self.connection is not None and not self.busy

    def start(self) -> bool:
        """Start the process unless it runs, or died so shortly ago that it would only die again."""
        if self.connection is not None or time.monotonic() < self._not_before:
            return False
        context = multiprocessing.get_context("spawn")  # a fork would take our sockets and locks along
        self.connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_run, args=(theirs, self._prepare, self._arguments), name=self.name, daemon=True
        )
        self._process.start()
        theirs.close()
        self._heard = time.monotonic()
        return True

    def give(self, job: dict[str, Any], stall_seconds: float) -> None:
        """Hand over a job; `stall_seconds` without a sign of life count as a hang."""
        assert self.connection is not None, "only a ready engine is given a job"
        self.busy, self.stall_seconds, self._heard = True, stall_seconds, time.monotonic()
        try:
            self.connection.send(job)
        except OSError:
            return  # it has just died: hear() will say so

    def hear(self) -> Said | None:
        """Return the next thing it says; None when there is nothing now.

        Raises
        ------
        StepError
            It has died, or hangs; it has been put away, and `start` makes a new one.
        """
        assert self.connection is not None, "only a running engine can be heard"
        try:
            if self.connection.poll():
                said = Said(*self.connection.recv())
                return self._noted(said)
        except (EOFError, OSError):
            raise StepError(f"engine {self.name} crashed: {self.put_away()}") from None
        if self.busy and time.monotonic() - self._heard > self.stall_seconds:
            self.put_away()
            raise StepError(f"engine {self.name} hung: no sign of life for {self.stall_seconds:.0f} s")
        return None

    def _noted(self, said: Said) -> Said:
        self._heard = time.monotonic()
        if said.what in (ENDED, FAILED, LOST):
            self.busy, self._delay = False, FIRST_DELAY
        return said

    def put_away(self) -> str:
        """End the process, whatever it does, and say how it ended."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self.connection is not None:
            self.connection.close()
        self.connection, self.busy = None, False
        self._not_before, self._delay = time.monotonic() + self._delay, min(LONGEST_DELAY, 2 * self._delay)
        return f"exit code {self._process.exitcode}" if self._process is not None else "it was not started"


def _run(connection: Connection, prepare: Callable[..., Work], arguments: tuple[Any, ...]) -> None:
    """Do job after job until the service hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all of a terminal's processes: the service ends them
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # engines share the cores among themselves
    work = prepare(*arguments)

    def tell(what: str, *content: Any) -> None:
        connection.send((what, content))

    while True:
        try:
            job = connection.recv()
        except (EOFError, OSError):
            return
        try:
            tell(ENDED, work(job, tell))
        except StepError as error:
            tell(LOST, str(error))
        except DeepthinkError as error:
            tell(FAILED, str(error))
        except Exception as error:  # a task that fails in any way fails alone
            tell(FAILED, f"{type(error).__name__}: {error}", traceback.format_exc())
