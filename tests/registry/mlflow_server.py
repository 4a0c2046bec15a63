"""A real `mlflow server` on SQLite, from the full package in an environment of its own, on a port of the loopback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.sentinelcam.nodes import interpreter

PINS = ("mlflow==3.17.2",)  # as mlflow-skinny is locked
STARTS = 90.0  # seconds; 10 to 25 were seen on two shared cores


class MlflowServer:
    """A server that can be killed and started anew on what it has stored.

    Parameters
    ----------
    folder : Path
        Its database and its files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.artifacts = folder, folder / "artifacts"
        self.port = _free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        python = _python()
        command = [
            python, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", self.port, "--workers", 1,
            "--backend-store-uri", f"sqlite:///{self.folder / 'mlflow.db'}", "--artifacts-destination", self.artifacts,
        ]  # fmt: skip
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW", "PYTHON", "DEEPTHINK"))
        } | {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(word) for word in command], cwd=self.folder, env=environment, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + STARTS
        while time.monotonic() < until and self.process and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.uri}/health", timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise AssertionError(f"no server of MLflow: {(self.folder / 'log').read_text()[-2000:]}")

    def kill(self) -> None:
        """Kill it and its workers at once: they are the session that we started, and nobody else's."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def _python() -> Path:
    """Return its interpreter."""
    return interpreter(PINS)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
