"""A registry that is a folder: one read-only folder a version."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deepthink.errors import DamagedVersionError, StepError, VersionExistsError, VersionNotFoundError
from deepthink.files import flush, locked
from deepthink.registry.manifest import (
    MANIFEST,
    SIGNATURE,
    check_files,
    check_nothing_else,
    read_manifest,
    write_manifest,
)
from deepthink.registry.naming import check_version, free_name
from deepthink.registry.signing import Keys, read_signed


class FolderRegistry:
    """Versions as folders below `root`.

    Parameters
    ----------
    root : Path
    keys : Keys, optional
        Sign what is added; what is not signed by a key that they trust is not given out. Every site has them.
    """

    def __init__(self, root: Path, keys: Keys | None = None) -> None:
        self.root, self.keys = Path(root), keys

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
            if self.keys:
                self.keys.sign(staged)
            _make_read_only(staged)
            staged.rename(target)
            flush(self.root)
        return target

    def take(self, version: str, staged: Path) -> Path:
        """Take a version in that another trainer has signed, as it is: checked first, and moved here in one rename.

        Parameters
        ----------
        version : str
        staged : Path
            A folder of its files on the same disk, the manifest and the signature among them.

        Raises
        ------
        VersionExistsError, DamagedVersionError, UntrustedVersionError
        """
        target = self.root / check_version(version)
        with locked(self.root / "registry"):
            if target.exists():
                raise VersionExistsError(version, free_name(version, self.versions()))
            self._check(staged, version)
            for path in staged.iterdir():
                flush(path)
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
        """Return a version's folder after comparing every file with the manifest, and that with its signature.

        Raises
        ------
        VersionNotFoundError, DamagedVersionError, UntrustedVersionError
        """
        folder = self._folder(version)
        self._check(folder, version)
        return folder

    def _check(self, folder: Path, version: str) -> None:
        if self.keys is None:
            check_files(folder, read_manifest(folder)["files"])
            return
        files = read_signed(folder, self.keys.signers, version)["files"]
        check_files(folder, files)
        check_nothing_else(folder, files)

    def sign(self, version: str) -> Path:
        """Sign a version from before versions were signed, whole as it is; its owner has to ask for that.

        Raises
        ------
        StepError
            It has a signature: a good one needs no other, and a bad one may say that somebody changed it.
        """
        folder = self._folder(version)
        with locked(self.root / "registry"):
            if self.keys is None or (folder / SIGNATURE).exists():
                raise StepError(f"{version} has a signature already: see {folder / SIGNATURE}.")
            files = read_manifest(folder)["files"]
            check_files(folder, files)
            check_nothing_else(folder, files)
            self.keys.sign(folder)
            (folder / SIGNATURE).chmod(0o444)
        return folder

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
