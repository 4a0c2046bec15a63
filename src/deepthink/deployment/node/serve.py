"""Answers a deployer's requests on a node, one after the other, for as long as the connection stands.

A request is a line of JSON, {"do": name, ...}, and `put` is followed by the file's bytes; an answer is a line of JSON,
{"ok": what} or {"error": words}. When the deployer is gone, what was begun is finished, and the lock ends with us.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import platform
import pwd
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

from deepthink.deployment.node.health import health
from deepthink.deployment.node.lists import rows
from deepthink.deployment.node.service import Service, step_back, switch
from deepthink.deployment.node.shelf import CHUNK, RefusedError, Shelf, plain, write

READY = "deepthink node ready"  # whatever a login shell prints before this line is not ours
IDLE_SECONDS = 90  # without a word the network is cut: no live deployer is silent so long
LOCK = ".rollout.lock"  # the name under which a LocalTarget would lock the same folder
SIGNERS = "allowed_signers"


class Desk:
    """One deployer's requests: each public method is one."""

    def __init__(self, folder: Path, source: BinaryIO) -> None:
        self._shelf, self._source, self._lock = Shelf(folder), source, -1

    def facts(self) -> dict[str, Any]:
        """Return what is found here: this interpreter, NumPy in a process of its own, the clock."""
        numpy = subprocess.run(
            [sys.executable, "-c", "import numpy; print(numpy.__version__)"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        date = subprocess.run(["date", "-u", "+%s"], stdout=subprocess.PIPE, timeout=10, check=True)
        return {
            "python": platform.python_version(), "clock": int(date.stdout), "pid": os.getpid(),
            "numpy": numpy.stdout.strip() if numpy.returncode == 0 else None,
            "trouble": (numpy.stderr.strip().splitlines() or [""])[-1],
        }  # fmt: skip

    def health(self, healthy: str) -> dict[str, Any]:
        """Return how this machine and the service on it are doing."""
        return health(self._shelf, healthy=healthy)

    def free(self) -> int:
        """Return how many bytes can still be written there."""
        return shutil.disk_usage(self._shelf.folder).free

    def lock(self, patience: float) -> None:
        """Keep other deployers away until this process ends, however it ends."""
        self._shelf.folder.mkdir(parents=True, exist_ok=True)
        until = time.monotonic() + patience
        while not self._locked():
            if time.monotonic() > until:
                raise RefusedError(f"another deployment is at it (waited {patience:.0f} s); try again after it")
            time.sleep(0.1)

    def _locked(self) -> bool:
        handle = os.open(self._shelf.folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return False
        if os.fstat(handle).st_nlink == 0:  # its last holder removed the file: this lock excludes nobody
            os.close(handle)
            return False
        self._lock = handle
        return True

    def state(self) -> dict[str, Any]:
        """Return which version runs, and which would after a step back."""
        before = self._shelf.history()[:-1]
        return {"current": self._shelf.current(), "previous": before[-1] if before else None}

    def trusts(self) -> bool:
        """Whether public keys are held here."""
        return (self._shelf.folder / SIGNERS).exists()

    def trust(self, signers: str) -> None:
        """Hold these public keys from now on."""
        write(self._shelf.folder / SIGNERS, signers)

    def papers(self, version: str, staged: bool) -> dict[str, str]:
        """Return what says whether to believe a version: its manifest, its signature, and the keys held here."""
        folder = self._folder(version, staged)
        paths = [folder / "manifest.yaml", folder / "manifest.yaml.sig", self._shelf.folder / SIGNERS]
        return {path.name: path.read_text(encoding="utf-8") for path in paths if path.exists()}

    def compare(self, version: str, files: list[dict[str, Any]], staged: bool) -> None:
        """Compare the hashes of a version, as they are read back from the disk."""
        self._shelf.compare(self._folder(version, staged), files)

    def _folder(self, version: str, staged: bool) -> Path:
        return self._staged() if staged else self._shelf.path(version)

    def begin(self, version: str) -> None:
        """Start to stage."""
        self._shelf.begin(version)

    def put(self, name: str, size: int) -> None:
        """Take one file of what is staged; its bytes are read to the end even when the disk is full."""
        trouble: Exception | None = None
        file = None
        try:
            file = (self._staged() / plain(name)).open("wb")
        except (OSError, RefusedError) as error:
            trouble = error
        left = size
        while left:
            chunk = self._read(min(CHUNK, left))
            left -= len(chunk)
            try:
                if file and not trouble:
                    file.write(chunk)
            except OSError as error:
                trouble = error
        _finish(file, trouble)

    def _read(self, most: int) -> bytes:
        signal.alarm(IDLE_SECONDS)
        chunk = self._source.read(most)
        signal.alarm(0)
        if not chunk:
            raise EOFError
        return chunk

    def _staged(self) -> Path:
        if self._shelf.staged is None:
            raise RefusedError("nothing is being staged")
        return self._shelf.staged

    def place(self, version: str) -> None:
        """Give what is staged its place."""
        self._shelf.place(version)

    def answer(self, version: str, head: str, program: str, limit: float) -> dict[str, Any]:
        """Run a program that loads a version and asks it its golden probes, in a process of its own."""
        command = [sys.executable, "-c", head, str(self._shelf.path(version))]
        try:
            done = subprocess.run(
                command, input=program, capture_output=True, text=True,
                timeout=limit, check=False,
            )  # fmt: skip
            result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        except (subprocess.TimeoutExpired, ValueError, IndexError) as error:
            said = (done.stderr.strip().splitlines() or [""])[-1] if "done" in locals() else ""
            raise RefusedError(f"{version} could not be verified: {said or error}") from error
        return result

    def rows(self, version: str) -> int:
        """Return how many rows the lists of a version hold."""
        return rows(self._shelf.path(version))

    def switch(self, version: str, service: dict[str, Any]) -> None:
        """Make a version run, with its service."""
        switch(self._shelf, version, Service(**service))

    def step_back(self, service: dict[str, Any]) -> str | None:
        """Make the previous version run, with its service."""
        return step_back(self._shelf, Service(**service))

    def leave(self) -> None:
        """Take away what was staged and got no place."""
        self._shelf.discard()


def _finish(file: Any, trouble: Exception | None) -> None:
    """Force a file to the disk and close it; raise what went wrong."""
    if file:
        try:
            file.flush()
            os.fsync(file.fileno())
            file.close()
        except OSError as error:
            trouble = trouble or error
    if trouble:
        raise trouble


def main() -> None:
    """Serve what comes on standard input until it ends."""
    signal.signal(signal.SIGHUP, lambda *_: None)  # a cut connection; a handler, unlike SIG_IGN, is not inherited
    source = sys.stdin.buffer
    desk = Desk(Path(sys.argv[1]).expanduser(), source)
    try:
        _say(READY)
        while True:
            signal.alarm(IDLE_SECONDS)
            line = source.readline()
            signal.alarm(0)
            if not line.endswith(b"\n"):
                return
            _say(json.dumps(_answered(desk, json.loads(line))))
    except (OSError, EOFError):  # nobody listens any more
        return
    finally:
        desk.leave()


def _answered(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    do = request.pop("do")
    try:
        return {"ok": getattr(desk, plain(do.lstrip("_")))(**request)}
    except EOFError:
        raise
    except OSError as error:
        return {"error": _advice(error)}
    except Exception as error:  # whatever it was, the deployer must hear of it
        return {"error": str(error) or type(error).__name__}


def _advice(error: OSError) -> str:
    """Return what happened to a file there, and what to do about it."""
    if error.errno in (errno.EACCES, errno.EPERM):
        user = pwd.getpwuid(os.getuid()).pw_name
        return f"{user} may not write {error.filename}: give it to that user (`sudo chown -R {user} FOLDER` there)"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "its disk is full. Remove something there, such as versions that were replaced long ago"
    return str(error)


def _say(line: str) -> None:
    print(line, flush=True)
