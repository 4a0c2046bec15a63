"""Files that are whole or not there: atomic replacement, locks, and hashes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from deepthink.errors import InUseError

LOCK_SECONDS = 60.0


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write a file beside `path`, then put it there in one step.

    The body writes to the path it is given. When it ends well the file is forced to disk and renamed over `path`;
    when it raises, or the process dies, `path` keeps what it had.

    Parameters
    ----------
    path : Path
        The file to replace; its folder is made when absent.

    Yields
    ------
    Path
        A file in the same folder, to be written by the body.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with replacing(folder / "a.txt") as beside:
    ...     _ = beside.write_text("whole")
    >>> (folder / "a.txt").read_text()
    'whole'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        _keep_permissions(path, beside)
        flush(beside)
        beside.replace(path)
        flush(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def _keep_permissions(path: Path, beside: Path) -> None:
    """Give the new file the old one's mode, or the usual one: mkstemp makes files that only the owner reads."""
    if path.exists():
        beside.chmod(path.stat().st_mode & 0o7777)
        return
    mask = os.umask(0)
    os.umask(mask)
    beside.chmod(0o666 & ~mask)


def flush(path: Path) -> None:
    """Force a file or a folder to the disk, so that a power cut after this cannot take it back."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_text(path: Path, text: str) -> None:
    """Replace a text file in one step."""
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Any) -> None:
    """Replace a JSON file in one step."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n")


def append_line(path: Path, line: str) -> None:
    """Add one line to a file that others may be appending to, mending a torn last line first.

    One write to a file opened for appending is not interleaved with another process's on a local disk.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        torn = file.tell() > 0 and _last_byte(path) != b"\n"
        file.write((b"\n" if torn else b"") + line.encode("utf-8") + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _last_byte(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1)


@contextlib.contextmanager
def locked(path: Path, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Hold the lock that belongs to `path`; a second holder waits, and gives up with a clear error.

    The lock is the operating system's, so that it ends with the process that holds it, even a killed one.

    Raises
    ------
    InUseError
        Another process has held the lock for `seconds`.
    """
    lock = FileLock(lock_of(path))
    until = time.monotonic() + seconds
    while not _acquired(lock, path.parent, until - time.monotonic()):
        if time.monotonic() >= until:
            raise InUseError(
                f"{path} is in use by another deepthink process (waited {seconds:.0f} s). "
                "Wait for it to end, or stop it."
            )
    try:
        yield
    finally:
        lock.release()


def lock_of(path: Path) -> Path:
    """Return the file whose lock `locked` holds for a path."""
    return path.with_name(f".{path.name}.lock")


def _acquired(lock: FileLock, folder: Path, seconds: float) -> bool:
    """Wait for a lock; False when it did not come, or when its holder has removed the folder, which is then made."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        lock.acquire(timeout=max(0.0, seconds))
    except (Timeout, FileNotFoundError):
        return False
    return True


def stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what is another as soon as a file has been replaced or written to; None where there is none.

    Examples
    --------
    >>> stamp(Path("/nowhere")) is None
    True
    """
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
