"""Looks after an errand while it runs: whether it lives, whether the machine can bear it, and why it ended."""

from __future__ import annotations

import logging
import time
from typing import Any

from deepthink.flow.child import Child, result_of
from deepthink.flow.limits import Limits
from deepthink.flow.logs import about
from deepthink.flow.pace import at, in_words

log = logging.getLogger(__name__)


class Overseer:
    """One errand and what it may cost.

    Parameters
    ----------
    child : Child
    limits : Limits
    stall : float
        Seconds without a sign of life, after which it is ended.
    """

    def __init__(self, child: Child, limits: Limits, stall: float) -> None:
        self.child, self.limits, self.stall = child, limits, stall
        self._step = ""

    @property
    def kind(self) -> str:
        """What it does."""
        return self.child.kind

    def round(self) -> dict[str, Any] | None:
        """Look once; returns its result when it has ended, or was ended here: stalled, or later."""
        if not self.child.running():
            return result_of(self.child.folder, self.kind) or {"outcome": "stalled", "says": self._death()}
        self._tell_step()
        if self.child.silent() > self.stall:
            return self._end("stalled", self._stalled())
        return None if self.kind == "deploy" else self._spare()  # a node must not be left half changed

    def _tell_step(self) -> None:
        pace = self.child.pace()
        if pace is not None and pace.step != self._step:
            self._step = pace.step
            more = about(pace.run, pace.step, pace.version)
            log.info("%s begins; time left: %s", pace.step, in_words(pace.left), extra=more)

    def _stalled(self) -> str:
        pace = self.child.pace()
        where = f" It was at {at(pace)}." if pace else ""
        return f"Nothing has moved for {self.child.silent() / 60:.1f} minutes, so it was ended.{where}"

    def _death(self) -> str:
        code = self.child.process.returncode
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        return f"Its process {how}: {self.child.last_word() or 'it said nothing'}."

    def _spare(self) -> dict[str, Any] | None:
        """Let it stand still while the machine is hot; end it, to be taken up later, when memory runs out."""
        if self.child.paused is not None:
            if self.limits.may_go_on():
                log.info("It goes on, after %.0f s", time.monotonic() - self.child.paused)
                self.child.go_on()
            return None
        halt = self.limits.look()
        if halt is None:
            return None
        if halt.kind == "memory":
            return self._end("later", f"The run was ended: {halt.says}.")
        log.warning("%s", halt.says)
        self.child.pause()
        return None

    def _end(self, outcome: str, says: str) -> dict[str, Any]:
        log.error("%s", says, extra=about("", self._step, ""))
        self.child.kill()
        return {"outcome": outcome, "says": says}
