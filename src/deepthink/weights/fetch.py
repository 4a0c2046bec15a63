"""Gets weight files: from an address or a folder, whole and right, or not at all."""

from __future__ import annotations

import bz2
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path

from deepthink.errors import WeightsError
from deepthink.files import locked, replacing
from deepthink.weights.find import cache_folder, verify
from deepthink.weights.known import Weights

ATTEMPTS, SECONDS = 5, 20.0  # of a download; and how long a silent server is waited for
_CHUNK = 1 << 18
Told = Callable[[int, int], None]


def fetch(weights: Weights, folder: Path | None = None, told: Told = lambda done, total: None) -> Path:
    """Download a weight file; a download that was interrupted goes on where it stopped.

    Parameters
    ----------
    weights : Weights
        Which one.
    folder : Path, optional
        Where to put it; by default the cache folder.
    told : callable, optional
        Called with the bytes that are there and the bytes in all (0 when the server does not say).

    Returns
    -------
    Path
        The file; its sha256 is right.

    Raises
    ------
    WeightsError
        It cannot be had, what came is not the published file, or the disk is full; nothing but a part that can be
        resumed is left.
    """
    target = (folder or cache_folder()) / weights.file
    with locked(target):
        if _is_right(target, weights):
            return target
        part = target.with_name(f".{target.name}.{weights.sha256[:8]}.part")
        try:
            _download(weights, part, told)
            _put(part, target, weights)
        except OSError as error:
            raise WeightsError(f"{target} cannot be written: {error.strerror}.") from error
    return target


def copy(weights: Weights, source: Path, folder: Path | None = None) -> Path:
    """Copy a weight file from a folder or a stick, if it is the right one; return where it is now.

    Raises
    ------
    WeightsError
        It is not there, is not the published file, or cannot be written.
    """
    found = source / weights.file if source.is_dir() else source
    verify(found, weights)
    target = (folder or cache_folder()) / weights.file
    try:
        with locked(target), replacing(target) as beside:
            shutil.copyfile(found, beside)
            verify(beside, weights)
    except OSError as error:
        raise WeightsError(f"{target} cannot be written: {error.strerror}.") from error
    return target


def _download(weights: Weights, part: Path, told: Told) -> None:
    """Complete the part, trying again after breaks, as long as tries bring something."""
    failures, before = 0, -1
    while True:
        try:
            _continue(weights.source, part, told)
            return
        except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
            if isinstance(error, urllib.error.HTTPError) and error.code < 500:
                raise _unreachable(weights, error) from error
            size = part.stat().st_size if part.exists() else 0
            failures, before = (0 if size > before else failures + 1), size
            if failures >= ATTEMPTS - 1:
                raise _unreachable(weights, error) from error
            time.sleep(0.2 * 2**failures)


def _continue(address: str, part: Path, told: Told) -> None:
    """Ask for what is missing and append it; a server that sends everything again is taken from the beginning."""
    had = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={had}-"} if had else {})
    try:
        answer = urllib.request.urlopen(request, timeout=SECONDS)
    except urllib.error.HTTPError as error:
        if error.code != 416:  # nothing is missing
            raise
        return
    with answer, open(part, "ab" if answer.status == 206 else "wb") as file:
        length = int(answer.headers.get("Content-Length") or 0)
        had = file.tell()
        while chunk := answer.read(_CHUNK):
            file.write(chunk)
            told(file.tell(), had + length if length else 0)
        if length and file.tell() < had + length:
            raise ConnectionError("the connection ended early")


def _put(part: Path, target: Path, weights: Weights) -> None:
    """Give the part its name, if it is the published file; otherwise remove it."""
    try:
        with replacing(target) as beside:
            _unpack(part, beside, weights)
            verify(beside, weights)
    except WeightsError as error:
        raise WeightsError(f"{weights.source} did not send the published {weights.file}; it was removed.") from error
    finally:
        part.unlink(missing_ok=True)


def _unpack(part: Path, beside: Path, weights: Weights) -> None:
    with open(part, "rb") as came, open(beside, "wb") as file:
        try:
            shutil.copyfileobj(bz2.BZ2File(came) if weights.packed else came, file)
        except (EOFError, OSError) as error:
            if isinstance(error, OSError) and error.errno:  # of the disk, not of bzip2
                raise
            raise WeightsError(f"what came is no bzip2 file: {error}") from error


def _is_right(path: Path, weights: Weights) -> bool:
    try:
        verify(path, weights)
    except WeightsError:
        return False
    return True


def _unreachable(weights: Weights, error: Exception) -> WeightsError:
    return WeightsError(
        f"{weights.source} cannot be had: {error}. Run the same command again to go on where it stopped; or get the "
        f"file on another machine and run: deepthink weights fetch {weights.name} --from FOLDER"
    )
