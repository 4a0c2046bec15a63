"""The files of a run, behind the server's own address and nowhere else."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from deepthink.errors import BadInputError, DamagedVersionError
from deepthink.registry.mlflow.model import FILES
from deepthink.registry.mlflow.server import ABSENT, Server

_PIECE = 1 << 16  # bytes


class Files:
    """The files of a run.

    Parameters
    ----------
    server : Server
    run : str
        MLflow's name of it.
    """

    def __init__(self, server: Server, run: str) -> None:
        self.server, self.run = server, run

    @cached_property
    def place(self) -> str:
        """Where they lie behind the server's address."""
        uri = None
        with self.server.asking(unless=ABSENT):
            uri = self.server.client.get_run(self.run).info.artifact_uri if self.run else None
        if uri is None:
            raise BadInputError(f"the run {self.run!r} that it is of is not in MLflow")
        return inside(str(uri), self.server.uri)

    def sizes(self) -> dict[str, int]:
        """Return those that are there, each with its size in bytes."""
        with self.server.asking():
            answer = self.server.http("GET", "", params={"path": self.place.lstrip("/")})
            answer.raise_for_status()
            listed = answer.json().get("files", [])
            return {Path(one["path"]).name: int(one.get("file_size") or 0) for one in listed if not one["is_dir"]}

    def write(self, path: Path) -> None:
        """Put a file there, under its own name."""
        with path.open("rb") as file, self.server.asking():
            self.server.http("PUT", f"{self.place}/{path.name}", data=file).raise_for_status()

    def read(self, name: str) -> Iterator[bytes]:
        """Read a file piece by piece, so that whoever reads can stop when it is longer than it should be."""
        with self.server.asking():
            answer = self.server.http("GET", f"{self.place}/{name}", stream=True)
            if answer.status_code == 404:
                raise DamagedVersionError(f"{name} is not among its files there")
            answer.raise_for_status()
        with contextlib.closing(answer):
            pieces = answer.iter_content(_PIECE)
            while True:
                with self.server.asking():
                    piece = next(pieces, b"")
                if not piece:
                    return
                yield piece


def inside(uri: str, server: str) -> str:
    """Return the path of a run's files behind their server's address.

    Raises
    ------
    BadInputError
        They lie elsewhere: in a bucket, on another host, in a folder, which would be one of this machine.

    Examples
    --------
    >>> inside("mlflow-artifacts:/1/cfa5/artifacts", "http://trainer:5000")
    '/1/cfa5/artifacts/version'
    """
    parts = urlsplit(uri)
    steps = parts.path.strip("/").split("/")
    if parts.scheme != "mlflow-artifacts" or parts.netloc or parts.query or {"", ".", ".."} & set(steps):
        raise BadInputError(
            f"MLflow at {server} keeps files at {uri}, not behind its own address. Start it with --serve-artifacts and "
            "without --default-artifact-root, and choose a new mlflow.model in site.yaml."
        )
    return "/" + "/".join([*steps, FILES])
