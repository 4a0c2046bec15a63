"""One ssh session to a node, in which the node's half (node/) runs and answers requests.

OpenSSH's own client carries it, because that is what a home has: its agent, its ~/.ssh/config and its jump hosts work.
One session does everything (copying included), so there is one handshake, and a lock that ends with it.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any

from deepthink.deployment.node.serve import READY
from deepthink.errors import DeploymentError

# What the node's interpreter is given on its command line, where quotes are the shell's; the rest comes by the pipe.
# A file json.py in the home folder must not be taken for the library.
HEAD = (
    "import sys; sys.path[:] = [p for p in sys.path if p]; import json; exec(json.loads(sys.stdin.buffer.readline()))"
)
_LOADER = """
import types
for name, text in json.loads(sys.stdin.buffer.readline()):
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(text, name, "exec"), module.__dict__)
module.main()
"""
READY_SECONDS, ANSWER_SECONDS, CHUNK = 60.0, 120.0, 1 << 20
LONGEST, MOST_SAID = 16 << 20, 8_000  # bytes of an answer, and of errors: a node may be anybody's by now


def program(*modules: str) -> str:
    """Return what follows HEAD: modules of ours as text, each after those it needs; the last one's `main` is run."""
    sources = [[name, _source(name)] for name in modules]
    return f"{json.dumps(_LOADER)}\n{json.dumps(sources)}\n"


def _source(name: str) -> str:
    package, _, module = name.rpartition(".")
    return files(package).joinpath(f"{module}.py").read_text(encoding="utf-8")


PARTS = ("shelf", "lease", "lists", "prover", "service", "health", "serve")  # each after those it needs
NODE = tuple(f"deepthink.deployment.node.{module}" for module in PARTS)


def read_answer(name: str, do: str, line: bytes | str) -> Any:
    """Return what a node's answer holds; DeploymentError when it refused, or when that is no answer."""
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, dict) and "error" in answer:
        raise DeploymentError(f"{name}: {printable(str(answer['error']))}")
    if not isinstance(answer, dict) or not isinstance(answer.get("ok"), KINDS.get(do, object)):
        raise DeploymentError(f"{name}: its answer to {do!r} is none. Is it still the node that you think it is?")
    return answer["ok"]


def printable(text: str) -> str:
    """Return text without what would move a terminal's cursor."""
    return "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in text)


KINDS: dict[str, type | tuple[type, ...]] = {  # of what is asked for
    "facts": dict, "state": dict, "papers": dict, "answer": dict, "health": dict, "free": (int, float), "rows": int,
}  # fmt: skip


class Connection:
    """A started session.

    Parameters
    ----------
    name : str
        The target's, for messages.
    command : list of str
        What runs the node's interpreter with HEAD.
    """

    def __init__(self, name: str, command: list[str]) -> None:
        self.name, self.lost = name, False
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the connection)
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, bufsize=-1,
            start_new_session=True,  # who ends a rollout at the terminal lets what was begun go to its end
        )  # fmt: skip

    def start(self) -> bool:
        """Send the node's half over and wait until it runs; False when it does not."""
        with suppress(OSError), self._limited(READY_SECONDS):
            self._send(program(*NODE).encode())
            for line in self._output():  # each LONGEST bytes at most
                if line.decode(errors="replace").strip() == READY:  # what came before was a login shell's
                    return True
        self.close()
        return False

    def ask(self, do: str, seconds: float = ANSWER_SECONDS, **what: Any) -> Any:
        """Send a request and return the answer.

        Raises
        ------
        DeploymentError
            The node refused it, or the connection was lost.
        """
        with self._limited(seconds):
            self._request(do, what)
            return self._answer(do)

    def put(self, path: Path, size: int) -> None:
        """Send a file of that size into what is being staged."""
        with self._limited(ANSWER_SECONDS) as limit, path.open("rb") as file:
            self._request("put", {"name": path.name, "size": size})
            for chunk in iter(lambda: file.read(CHUNK), b""):
                self._send_to("put", chunk)
                limit()
            self._answer("put")

    def _request(self, do: str, what: dict[str, Any]) -> None:
        self._send_to(do, json.dumps({"do": do, **what}).encode() + b"\n")

    def _send_to(self, do: str, data: bytes) -> None:
        try:
            self._send(data)
        except OSError:
            raise self._cut(do) from None

    def _answer(self, do: str) -> Any:
        line = self._process.stdout.readline(LONGEST) if self._process.stdout else b""
        if not line.endswith(b"\n"):
            raise self._cut(do)
        return read_answer(self.name, do, line)

    def _cut(self, do: str) -> DeploymentError:
        self.close()
        said = self.said().splitlines()[-1:] or ["no word from ssh"]
        return DeploymentError(
            f"{self.name}: the connection was lost during {do!r} ({said[0]}). Is the node up? Then deploy again."
        )

    @contextmanager
    def _limited(self, seconds: float) -> Iterator[Any]:
        """End the session when the node says nothing for so long; the body calls what it is given to start anew."""
        timers = [threading.Timer(seconds, self._process.kill)]
        timers[0].start()

        def again() -> None:
            timers[0].cancel()
            timers[0] = threading.Timer(seconds, self._process.kill)
            timers[0].start()

        try:
            yield again
        finally:
            timers[0].cancel()

    def _send(self, data: bytes) -> None:
        assert self._process.stdin
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def _output(self) -> Iterator[bytes]:
        assert self._process.stdout
        output = self._process.stdout
        return iter(lambda: output.readline(LONGEST), b"")

    def said(self) -> str:
        """Return what ssh, or the node, wrote as errors."""
        self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - MOST_SAID))
        return printable(self._errors.read().decode(errors="replace").strip())

    @property
    def code(self) -> int | None:
        """What the session ended with: 255 when it was ssh itself that failed."""
        return self._process.poll()

    def close(self) -> None:
        """End the session: the node's half sees the end of its input."""
        self.lost = True
        with suppress(OSError):
            if self._process.stdin:
                self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
