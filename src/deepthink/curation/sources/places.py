"""Folders from outside: nothing is followed out of them, and no list goes on for ever."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from deepthink.curation.sources.base import bounded
from deepthink.curation.sources.picture import LARGEST
from deepthink.errors import BadInputError

ENDINGS = (".jpg", ".jpeg", ".png", ".webp")


def folders(root: Path) -> list[Path]:
    """Return the folders in a folder, sorted; links are not followed, hidden ones are passed over."""
    return [Path(entry.path) for entry in _entries(root) if entry.is_dir(follow_symlinks=False)]


def pictures(root: Path) -> list[Path]:
    """Return the files in a folder whose names end as a picture's do, sorted; links are not followed."""
    return [
        Path(entry.path)
        for entry in _entries(root)
        if entry.name.lower().endswith(ENDINGS) and entry.is_file(follow_symlinks=False)
    ]


def below(root: Path, where: str) -> Path | None:
    """Return a folder below another; None when it is not there, or a link leads there.

    Examples
    --------
    >>> import tempfile
    >>> root = Path(tempfile.mkdtemp())
    >>> (root / "clips").mkdir()
    >>> below(root, "clips") == root / "clips", below(root, "clips/faces")
    (True, None)
    """
    path = root
    for name in where.split("/"):
        path = path / name
        if path.is_symlink() or not path.is_dir():
            return None
    return path


def _entries(root: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(root) as entries:
            found = sorted(bounded(entries, str(root)), key=lambda entry: entry.name)
    except OSError as error:
        raise BadInputError(f"{root}: {error.strerror}") from None
    return (entry for entry in found if not entry.name.startswith("."))


def read_file(path: Path) -> bytes:
    """Return a file's bytes, unless it is larger than a picture can be, a link, or not a file.

    Raises
    ------
    BadInputError
        It cannot be had.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            if os.fstat(handle).st_size > LARGEST:
                raise BadInputError(f"too large: more than {LARGEST // 2**20} MB")
            return file.read(LARGEST + 1)
    except OSError as error:
        raise BadInputError(f"cannot be read: {error.strerror}") from None


def reader(path: Path) -> partial[bytes]:
    """Return what reads a file when it is its turn."""
    return partial(read_file, path)
