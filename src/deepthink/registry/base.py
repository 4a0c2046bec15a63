"""The contract of a registry of versions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol


class Registry(Protocol):
    """Keeps versions: immutable, complete, each file known by its hash."""

    def versions(self) -> list[str]:
        """Return the names of the versions, oldest first."""
        ...

    def add(self, version: str, files: Mapping[str, Path], facts: dict[str, Any]) -> Path:
        """Take a version in, all of it or nothing; VersionExistsError when the name is taken."""
        ...

    def get(self, version: str) -> Path:
        """Return a folder with a version's files, checked against the manifest; VersionNotFoundError."""
        ...

    def manifest(self, version: str) -> dict[str, Any]:
        """Return a version's manifest; VersionNotFoundError."""
        ...

    def remove(self, version: str) -> None:
        """Remove a version for good, all of it or nothing; VersionNotFoundError."""
        ...

    def clear_up(self) -> None:
        """Remove what killed publications and removals left."""
        ...
