"""Switches a node's version together with the service that uses it: one that does not come up goes back by itself.

A switch is one request, carried through on the node even when the deployer dies or the connection is cut meanwhile.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from deepthink.deployment.node.shelf import RefusedError, Shelf

RESTART_SECONDS, HEALTHY_SECONDS, PAUSE = 60.0, 10.0, 0.25


@dataclass
class Service:
    """What uses the version: a command that starts it anew, and one that succeeds when it does its work."""

    restart: str = ""
    healthy: str = ""
    patience: float = 60.0  # seconds from the restart within which `healthy` must succeed

    def start(self) -> str:
        """Start it anew and watch it come up; return what went wrong, empty when nothing did."""
        if self.restart:
            trouble = run(self.restart, RESTART_SECONDS)
            if trouble:
                return f"the service did not come up: {trouble}"
        return self._watch() if self.healthy else ""

    def _watch(self) -> str:
        end = time.monotonic() + self.patience
        while True:
            trouble = run(self.healthy, min(HEALTHY_SECONDS, max(PAUSE, end - time.monotonic())))
            if not trouble or time.monotonic() + PAUSE > end:
                return trouble and f"the service is not healthy after {self.patience:.0f} s: {trouble}"
            time.sleep(PAUSE)


def switch(shelf: Shelf, version: str, service: Service) -> None:
    """Make a version run; RefusedError, with everything as it was, when its service does not come up with it."""
    if version == shelf.current() and not shelf.pending():
        return
    if not (service.restart or service.healthy):
        shelf.forward(version)
        shelf.settled()
        return
    shelf.set_pending(shelf.history())
    shelf.forward(version)
    trouble = service.start()
    if trouble:
        before = shelf.before()
        shelf.back(before)
        _start_again(shelf, before[-1] if before else None, service, f"{version}: {trouble}")
    shelf.settled()


def step_back(shelf: Shelf, service: Service, to: str | None = None) -> str | None:
    """Make the previous version run, or an earlier one, and return it.

    RefusedError, with everything as it was, when its service stays down, or that version never ran.
    """
    history = shelf.history()
    before = shelf.until(to)
    if service.restart or service.healthy:
        shelf.set_pending(history)  # until the service runs what the link says
    shelf.back(before)
    trouble = service.start()
    if before and trouble:
        shelf.restore(history)
        _start_again(shelf, history[-1], service, f"{before[-1]}: {trouble}")
    shelf.settled()
    return before[-1] if before else None


def _start_again(shelf: Shelf, version: str | None, service: Service, why: str) -> None:
    """Start the service on what ran before, and refuse."""
    trouble = service.start()
    shelf.settled()
    then = f"and then, back on {version}, {trouble}" if version and trouble else f"it was put back on {version}"
    raise RefusedError(f"{why}; {then if version else 'it was taken away again: nothing ran before'}")


def run(command: str, seconds: float) -> str:
    """Run a shell command; return what went wrong, empty when nothing did.

    Its output goes to a file and not to a pipe: a service that it leaves behind would keep a pipe open.
    """
    with tempfile.TemporaryFile() as output:
        started = subprocess.Popen(
            ["/bin/sh", "-c", command], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            env=_environment(), start_new_session=True,
        )  # fmt: skip
        try:
            code = started.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()
            return f"`{command}` took more than {seconds:.0f} s"
        output.seek(0)
        said = " ".join(output.read().decode(errors="replace").split())[-300:]
    return f"`{command}` ended with {code}{': ' + said if said else ''}" if code else ""


def _environment() -> dict[str, str]:
    """Return the environment in which `systemctl --user` finds its manager, which not every ssh session has."""
    own, manager = dict(os.environ), f"/run/user/{os.getuid()}"
    if Path(manager).is_dir():
        own.setdefault("XDG_RUNTIME_DIR", manager)
    return own
