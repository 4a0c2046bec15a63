"""The contract of a target: a machine that receives versions."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol


class Target(Protocol):
    """A machine that runs exactly one whole, verified version, or none yet."""

    name: str
    receives: tuple[str, ...]  # the parts of a version, as deployment/parts.py names them
    site_signers: Path | None  # the public keys that it is given when it holds none

    def claimed(self) -> AbstractContextManager[None]:
        """Look whether it can take a version, and keep other deployers away meanwhile; DeploymentError."""
        ...

    def current(self) -> str | None:
        """Return the version it runs, or None."""
        ...

    def previous(self) -> str | None:
        """Return the version that `rollback` would go to, or None."""
        ...

    def history(self) -> list[str]:
        """Return the versions that it ran, the current one last."""
        ...

    def hold(self, signers: str) -> None:
        """Hold these public keys from now on, in OpenSSH's allowed_signers format."""
        ...

    def survey(self, manifest: dict[str, Any]) -> int:
        """Look whether it can take a version, and change nothing; how many bytes would be copied; DeploymentError."""
        ...

    def stage(self, folder: Path, manifest: dict[str, Any]) -> None:
        """Copy a version there beside what runs, check signature and hashes there; DeploymentError when they differ."""
        ...

    def verify(self, version: str) -> int:
        """Load a staged version there, ask it its golden probes, and return how many it answered; DeploymentError.

        Where no model is received, the rows of its lists are read and counted instead.
        """
        ...

    def switch(self, version: str) -> None:
        """Make a staged version the one that runs, in one step."""
        ...

    def step_back(self, to: str | None = None) -> str | None:
        """Make the previous version, or one that ran earlier, the one that runs, in one step, and return it.

        Without a previous one nothing runs then.
        """
        ...
