"""The contract of a target: a machine that receives versions."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol


class Target(Protocol):
    """A machine that runs exactly one whole, verified version, or none yet."""

    name: str
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

    def hold(self, signers: str) -> None:
        """Hold these public keys from now on, in OpenSSH's allowed_signers format."""
        ...

    def stage(self, folder: Path, manifest: dict[str, Any]) -> None:
        """Copy a version there beside what runs, check signature and hashes there; DeploymentError when they differ."""
        ...

    def verify(self, version: str) -> int:
        """Load a staged version there, ask it its golden probes, and return how many it answered; DeploymentError."""
        ...

    def switch(self, version: str) -> None:
        """Make a staged version the one that runs, in one step."""
        ...

    def step_back(self) -> str | None:
        """Make the previous version the one that runs, in one step, and return it; without one nothing runs."""
        ...
