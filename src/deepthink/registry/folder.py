"""A registry that is a folder: one read-only folder a version."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deepthink.errors import DamagedVersionError, VersionExistsError, VersionNotFoundError
from deepthink.files import flush, locked
from deepthink.registry.manifest import MANIFEST, check_files, read_manifest, write_manifest
from deepthink.registry.naming import check_version, free_name


class FolderRegistry:
    """Versions as folders below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def versions(self) -> list[str]:
        """Return the names of the versions, oldest first."""
        found = [path.parent for path in self.root.glob(f"*/{MANIFEST}") if not path.parent.name.startswith(".")]
        made = {path: _created(path) for path in found}
        return [path.name for path in sorted(found, key=lambda path: (made[path], path))]

    def add(self, version: str, files: Mapping[str, Path], facts: dict[str, Any]) -> Path:
        """Take a version in: staged beside, flushed to disk, and renamed, so that it is there whole or not at all.

        Parameters
        ----------
        version : str
            Its name.
        files : mapping of str to Path
            What each file is to be called, and where it lies now.
        facts : dict
            What the manifest says besides.

        Raises
        ------
        VersionExistsError
            The name is taken: a version never changes.
        """
        target = self.root / check_version(version)
        with locked(self.root / "registry"):
            if target.exists():
                raise VersionExistsError(version, free_name(version, self.versions()))
            self._sweep_staging()
            staged = Path(tempfile.mkdtemp(prefix=f".{version}.", suffix=".part", dir=self.root))
            for name, source in files.items():
                shutil.copyfile(source, staged / name)
                flush(staged / name)
            write_manifest(staged, {"version": version, **facts})
            _make_read_only(staged)
            staged.rename(target)
            flush(self.root)
        return target

    def remove(self, version: str) -> None:
        """Remove a version for good: it leaves in one rename, so that it is there whole or not at all."""
        folder = self._folder(version)
        with locked(self.root / "registry"):
            self._sweep_staging()
            folder.rename(self.root / f".{version}.removed.part")
            flush(self.root)
            self._sweep_staging()

    def clear_up(self) -> None:
        """Remove what killed publications and removals left: it may hold people's faces."""
        with locked(self.root / "registry"):
            self._sweep_staging()

    def _sweep_staging(self) -> None:
        """Clear away what a killed publication or removal left; the lock says that nobody else is at it."""
        for left in self.root.glob(".*.part"):
            shutil.rmtree(left, ignore_errors=True)

    def get(self, version: str) -> Path:
        """Return a version's folder after comparing every file with the manifest.

        Raises
        ------
        VersionNotFoundError, DamagedVersionError
        """
        check_files(self._folder(version), self.manifest(version)["files"])
        return self._folder(version)

    def manifest(self, version: str) -> dict[str, Any]:
        """Return a version's manifest."""
        return read_manifest(self._folder(version))

    def _folder(self, version: str) -> Path:
        folder = self.root / check_version(version)
        if not (folder / MANIFEST).is_file():
            raise VersionNotFoundError(version, self.versions())
        return folder


def _created(folder: Path) -> str:
    """Return when a version was made; one with a damaged manifest is named all the same, as the oldest."""
    try:
        return str(read_manifest(folder).get("created", ""))
    except DamagedVersionError:
        return ""


def _make_read_only(folder: Path) -> None:
    for path in folder.iterdir():
        path.chmod(0o444)
    flush(folder)
    folder.chmod(0o755)
