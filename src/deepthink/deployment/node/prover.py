"""A process of the node's interpreter that has NumPy loaded and is asked about one version after another.

On a Raspberry Pi NumPy takes a second to load, and scikit-learn more; a deployment asks three times. It is a process
of its own because a version that hangs, or a library that kills its process, must not take the deployer's desk along.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from deepthink.deployment.node.shelf import RefusedError

START_SECONDS = 60.0
# a file numpy.py in the home folder must not be taken for the library
_ASKED = """
import sys; sys.path[:] = [p for p in sys.path if p]
import json, numpy
print(json.dumps({"numpy": numpy.__version__}), flush=True)
for line in iter(sys.stdin.buffer.readline, b""):
    sys.argv[1:] = [json.loads(line)]
    exec(json.loads(sys.stdin.buffer.readline()), {"json": json, "sys": sys})
    sys.stdout.flush()
"""


class Prover:
    """Started when it is first needed, and again after it died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def numpy(self) -> tuple[str | None, str]:
        """Return NumPy's version here, and what went wrong when it does not load."""
        try:
            return str(self._started()["numpy"]), ""
        except RefusedError as error:
            return None, str(error)

    def answer(self, folder: Path, program: str, limit: float) -> dict[str, Any]:
        """Run a program (two lines, see connection.program) on a version's folder; what it says of the golden probes.

        Raises
        ------
        RefusedError
            It did not answer within `limit` seconds, or the process died.
        """
        if self._process is None or self._process.poll() is not None:
            self._started()
        return self._said(f"{json.dumps(str(folder))}\n{program}".encode(), limit)

    def _started(self) -> dict[str, Any]:
        self.close()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _ASKED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
        )
        return self._said(b"", START_SECONDS)

    def _said(self, question: bytes, limit: float) -> dict[str, Any]:
        process = self._process
        assert process
        assert process.stdin
        assert process.stdout
        late = threading.Timer(limit, process.kill)
        late.start()
        try:
            with contextlib.suppress(OSError):
                process.stdin.write(question)
                process.stdin.flush()
            for line in iter(process.stdout.readline, b""):
                with contextlib.suppress(ValueError):  # a library may print what it likes before the answer
                    said = json.loads(line)
                    if isinstance(said, dict):
                        return said
        finally:
            late.cancel()
        raise RefusedError(self._why(limit))

    def _why(self, limit: float) -> str:
        assert self._process
        code = self._process.wait()
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip().splitlines()
        return said[-1] if said else f"its process ended with {code} within {limit:.0f} s"

    def close(self) -> None:
        """End the process, where there is one."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        pipes: tuple[Any, ...] = (self._process.stdin, self._process.stdout, self._errors)
        for pipe in pipes:
            with contextlib.suppress(OSError):  # what was not written yet has nobody to read it
                pipe.close()
        self._process = None
