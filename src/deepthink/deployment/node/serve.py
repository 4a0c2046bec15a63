"""Answers a deployer's requests on a node, one after the other, for as long as the connection stands.

A request is a line of JSON, {"do": name, ...}, and `put` is followed by the file's bytes; an answer is a line of JSON,
{"ok": what} or {"error": words}. When the deployer is gone, what was begun is finished, and the lock ends with us.
"""

from __future__ import annotations

import base64
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
from typing import Any

from deepthink.deployment.node.health import health
from deepthink.deployment.node.lease import Lease
from deepthink.deployment.node.lists import rows
from deepthink.deployment.node.prover import Prover
from deepthink.deployment.node.service import Service, step_back, switch
from deepthink.deployment.node.shelf import CHUNK, RefusedError, Shelf, plain, write

READY = "deepthink node ready"  # whatever a login shell prints before this line is not ours
IDLE_SECONDS = 90  # without a word the network is cut: no live deployer is silent so long
LOCK = ".rollout.lock"  # the name under which a LocalTarget would lock the same folder
SIGNERS = "allowed_signers"
NOBODY = "-"  # instead of a claim
BETWEEN_SECONDS = 30.0  # what another's look at the lock may take
LOOKS = {"facts", "health", "free", "state", "trusts", "papers", "compare", "answer", "rows"}


class Desk:
    """One deployer's requests: each public method is one."""

    def __init__(self, folder: Path, source: Any, claim: str = "") -> None:
        self._shelf, self._source, self._lock = Shelf(folder), source, -1
        self._prover, self._lease = Prover(), Lease(folder, claim)

    def facts(self, numpy: bool) -> dict[str, Any]:
        """Return what is found here: this interpreter, NumPy where it is asked for, the clock."""
        found, trouble = self._prover.numpy() if numpy else (None, "")
        date = subprocess.run(["date", "-u", "+%s"], stdout=subprocess.PIPE, timeout=10, check=True)
        return {
            "python": platform.python_version(), "clock": int(date.stdout), "pid": os.getpid(),
            "numpy": found, "trouble": trouble,
        }  # fmt: skip

    def health(self, healthy: str) -> dict[str, Any]:
        """Return how this machine and the service on it are doing."""
        return health(self._shelf, healthy=healthy)

    def free(self) -> int:
        """Return how many bytes can still be written there."""
        folder = self._shelf.folder.absolute()
        return shutil.disk_usage(next(one for one in (folder, *folder.parents) if one.exists())).free

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
        # where its last holder removed the file, this lock excludes nobody
        if os.fstat(handle).st_nlink == 0 or self._lease.anothers():
            os.close(handle)
            return False
        self._lock = handle
        return True

    def state(self) -> dict[str, Any]:
        """Return which version runs, and which ran, that one last."""
        return {"current": self._shelf.current(), "history": self._shelf.history()}

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
        chunk = self._source.read1(most)  # what has come, so that a slow link is not taken for a dead one
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

    def answer(self, version: str, program: str, limit: float) -> dict[str, Any]:
        """Let a program load a version and ask it its golden probes, in a process of its own."""
        try:
            return self._prover.answer(self._shelf.path(version), program, limit)
        except RefusedError as error:
            raise RefusedError(f"{version} could not be verified: {error}") from error

    def rows(self, version: str) -> int:
        """Return how many rows the lists of a version hold."""
        return rows(self._shelf.path(version))

    def switch(self, version: str, service: dict[str, Any]) -> None:
        """Make a version run, with its service."""
        switch(self._shelf, version, Service(**service))

    def step_back(self, service: dict[str, Any], to: str | None) -> str | None:
        """Make the previous version run, or an earlier one, with its service."""
        return step_back(self._shelf, Service(**service), to)

    def take(self, name: str, path: str = "", content: str = "") -> None:
        """Take one file of what is staged: one that was brought here by other means, or its bytes in base64."""
        with (self._staged() / plain(name)).open("wb") as file:
            if path:
                with Path(path).open("rb") as brought:
                    shutil.copyfileobj(brought, file)
            file.write(base64.b64decode(content))
            file.flush()
            os.fsync(file.fileno())

    def leave(self) -> None:
        """Take away what was staged and got no place."""
        self._shelf.discard()

    def rest(self) -> None:
        """End what was started here, and the lock."""
        self._prover.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def resume(self) -> None:
        """Go on where the request before ended; RefusedError when the claim ran out meanwhile."""
        staged = self._lease.check()
        self._shelf.staged = Path(staged) if staged else None

    def pause(self, last: bool) -> None:
        """Note where the next request goes on, or that there is none."""
        self._lease.end() if last else self._lease.renew(str(self._shelf.staged or ""))


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
    """Serve what comes on standard input until it ends: a session, or one request of somebody with a claim."""
    signal.signal(signal.SIGHUP, lambda *_: None)  # a cut connection; a handler, unlike SIG_IGN, is not inherited
    folder = Path(sys.argv[1]).expanduser()
    if len(sys.argv) > 2:
        claim = "" if sys.argv[2] == NOBODY else sys.argv[2]
        _say(json.dumps(once(folder, claim, json.loads(sys.stdin.buffer.readline()))))
        return
    source = sys.stdin.buffer
    desk = Desk(folder, source)
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
        desk.rest()


def once(folder: Path, claim: str, request: dict[str, Any]) -> dict[str, Any]:
    """Answer one request of somebody whose every request is a process of its own.

    Their claim is what `lock` begins and `leave` ends; without one a request can only look.
    """
    desk = Desk(folder, sys.stdin.buffer, claim)
    try:
        if not claim and request["do"] not in LOOKS:
            raise RefusedError(f"{request['do']!r} needs a claim on the folder")
        return _answered_for(desk, request) if claim else _answered(desk, request)
    except RefusedError as error:
        return {"error": str(error)}
    finally:
        desk.rest()


def _answered_for(desk: Desk, request: dict[str, Any]) -> dict[str, Any]:
    """Answer a request under a claim, and put off the end of that."""
    begins, ends = request["do"] == "lock", request["do"] == "leave"
    if not begins:
        desk.resume()  # without the claim there is nothing to wait for
        desk.lock(patience=BETWEEN_SECONDS)
        desk.resume()
    answer = _answered(desk, request)
    if "ok" in answer or not begins:
        desk.pause(ends)
    return answer


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
