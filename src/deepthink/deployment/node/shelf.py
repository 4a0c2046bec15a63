"""A target's folder of versions, of which one runs: on a node, and on this machine for `local.py`.

Replacing what runs is one rename of the link `current`. `.pending` stands while a service has not shown yet that it
runs what the link says; it holds the history to go back to. Python 3.8: no Path.readlink, no hashlib.file_digest.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

# the names that SentinelCam's sentinel and datasink read
LINKS = (("facemodel", ".pickle"), ("baselines", ".hdf5"), ("facelist", ".csv"), ("facedata", ".hdf5"))
CHUNK = 1 << 20


class RefusedError(Exception):
    """Something that the deployer must be told, in words for a person."""


class Shelf:
    """The versions on a node."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.staged: Path | None = None

    def path(self, version: str) -> Path:
        """Return where a version lies."""
        return self.folder / "versions" / plain(version)

    def current(self) -> str | None:
        """Return the version that `current` links to, or None."""
        try:
            return Path(os.readlink(self.folder / "current")).name  # noqa: PTH115
        except OSError:
            return None

    def history(self) -> list[str]:
        """Return the versions that ran, the current one last, mended by what the link says."""
        try:
            listed = [str(version) for version in json.loads((self.folder / "history.json").read_text())]
        except (OSError, ValueError, TypeError):
            listed = []
        current = self.current()
        if current is None:
            return []
        if current in listed:
            return listed[: len(listed) - listed[::-1].index(current)]
        return [*listed, current]

    def begin(self, version: str) -> Path:
        """Return a new folder to stage in; those that killed deployers left go: the caller holds the lock."""
        place = self.path(version)
        place.parent.mkdir(parents=True, exist_ok=True)
        running = self._running()
        for left in place.parent.glob(".*.part"):
            if left not in running.parents:
                shutil.rmtree(left, ignore_errors=True)
        self.staged = Path(tempfile.mkdtemp(prefix=f".{version}.", suffix=".part", dir=place.parent))
        return self.staged

    @property
    def staging(self) -> Path:
        """The folder that is being staged in; RefusedError when there is none."""
        if self.staged is None:
            raise RefusedError("Nothing was staged")
        return self.staged

    def discard(self) -> None:
        """Take the staged folder away, where one is left."""
        if self.staged:
            shutil.rmtree(self.staged, ignore_errors=True)
        self.staged = None

    def compare(self, folder: Path, files: list[dict[str, Any]]) -> None:
        """Read files back from the disk and compare their hashes; RefusedError when one differs."""
        for entry in files:
            path = folder / plain(entry["name"])
            if not path.is_file():
                raise RefusedError(f"{path} is missing")
            size = path.stat().st_size
            if size != entry.get("size", size) or digest(path) != entry["sha256"]:
                raise RefusedError(f"{path} is not the file that was published (its hash differs)")

    def place(self, version: str) -> None:
        """Give the staged folder its place; a damaged one that is there moves out of the way first."""
        staged, place = self.staging, self.path(version)
        for stem, ending in LINKS:
            for versioned in staged.glob(f"{stem}_*{ending}"):
                (staged / f"{stem}{ending}").symlink_to(versioned.name)
        staged.chmod(0o755)
        flush(staged)
        runs = version == self.current()
        if place.exists():
            self._run_a_copy(version) if runs else None
            place.rename(Path(tempfile.mkdtemp(prefix=f".{version}.", suffix=".part", dir=place.parent)) / "old")
        staged.rename(place)
        flush(place.parent)
        self.staged = None
        if runs:
            self._link(version)

    def _running(self) -> Path:
        """Return where the link `current` leads."""
        try:
            return self.folder / os.readlink(self.folder / "current")  # noqa: PTH115
        except OSError:
            return self.folder

    def _run_a_copy(self, version: str) -> None:
        """Let a damaged version that runs do so from hard links to its files, while its place is given to a whole one.

        Its service has read the damaged files, and must start anew.
        """
        self.set_pending(self.history()[:-1])
        aside = Path(tempfile.mkdtemp(prefix=f".{version}.", suffix=".part", dir=self.folder / "versions")) / version
        shutil.copytree(self.path(version), aside, symlinks=True, copy_function=os.link)
        self._link(version, aside.relative_to(self.folder))

    def forward(self, version: str) -> None:
        """Make a version the one that runs: first the history, then the link; a kill in between changes nothing."""
        if version != self.current():
            write(self.folder / "history.json", [*self.history(), version])
        self._link(version)

    def back(self, history: list[str]) -> None:
        """Make the last of an earlier history the one that runs: first the link, then the history."""
        if not history:
            (self.folder / "current").unlink(missing_ok=True)
            return
        self._link(history[-1])
        write(self.folder / "history.json", history)

    def until(self, version: str | None) -> list[str]:
        """Return the history as it was when an earlier version ran, the one before when left out."""
        before = self.history()[:-1]
        if version is None:
            return before
        if version not in before:
            raise RefusedError(f"{version} never ran on it before {self.current()}")
        return before[: len(before) - before[::-1].index(version)]

    def restore(self, history: list[str]) -> None:
        """Make the last of a history run that was cut short: first the history, then the link."""
        write(self.folder / "history.json", history)
        self._link(history[-1])

    def _link(self, version: str, place: Path | None = None) -> None:
        if not (place or self.path(version).is_dir()):
            raise RefusedError(f"{version} is not on it")
        beside = self.folder / f".current.{os.getpid()}"
        beside.unlink(missing_ok=True)
        beside.symlink_to(place or Path("versions") / version)
        beside.replace(self.folder / "current")
        flush(self.folder)

    def pending(self) -> bool:
        """Whether a switch was begun whose service has not shown that it runs."""
        return (self.folder / ".pending").exists()

    def set_pending(self, before: list[str]) -> None:
        """Note that a switch is going on, and the history to go back to; the first such note stands."""
        if not self.pending():
            write(self.folder / ".pending", before)

    def before(self) -> list[str]:
        """Return the history that the switch which is going on would be undone to."""
        return [str(version) for version in json.loads((self.folder / ".pending").read_text())]

    def settled(self) -> None:
        """Take the note away."""
        (self.folder / ".pending").unlink(missing_ok=True)


def plain(name: Any) -> str:
    """Return a name of a file or a version; RefusedError when it would lead elsewhere."""
    if not isinstance(name, str) or not name or name.startswith(".") or "/" in name or "\0" in name:
        raise RefusedError(f"{name!r} is no name for a file")
    return name


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(CHUNK), b""):
            found.update(chunk)
    return found.hexdigest()


def write(path: Path, content: Any) -> None:
    """Replace a file in one step, by a text or by what is written as JSON."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("w") as file:
        file.write(content if isinstance(content, str) else json.dumps(content))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def flush(path: Path) -> None:
    """Force a folder to the disk, so that a power cut after this cannot take it back."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
