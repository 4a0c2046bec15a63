"""Embeddings on disk: SentinelCam's facedata.hdf5 (docs/formats.md, 1.8), with the embedder's fingerprint.

Each face is one dataset, `/Name/date|event|time|(x1,y1,x2,y2)|sink`, of float32. SentinelCam's notebooks read it as
it is; the file's attributes say which embedder made it, so that two are never mixed.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

import h5py
import numpy as np

from deepthink.embedding.packed import read_packed, write_packed
from deepthink.errors import BadInputError, MixedEmbeddersError
from deepthink.files import replacing, sha256
from deepthink.records import Box, FrameKey

FINGERPRINT = "embedder"


@dataclass(frozen=True)
class FaceData:
    """The embeddings of a file, one row a face, sorted by key."""

    keys: tuple[str, ...]
    vectors: np.ndarray  # (faces, dimensions) float32
    fingerprint: str

    @cached_property
    def people(self) -> np.ndarray:
        """The name of each face, (faces,) of str."""
        return np.array([key.split("/", 1)[0] for key in self.keys], dtype=object)

    @cached_property
    def events(self) -> np.ndarray:
        """The event of each face, "date|event", (faces,) of str."""
        return np.array(["|".join(key.split("/", 1)[1].split("|")[:2]) for key in self.keys], dtype=object)

    def only(self, chosen: np.ndarray) -> FaceData:
        """Return the faces for which `chosen`, (faces,) of bool, is true."""
        keys = tuple(key for key, wanted in zip(self.keys, chosen, strict=True) if wanted)
        return FaceData(keys, self.vectors[np.asarray(chosen, bool)], self.fingerprint)


def face_key(name: str, frame: FrameKey, box: Box, sink: str) -> str:
    """Return the path of a face's dataset, without the leading slash.

    Examples
    --------
    >>> from datetime import datetime
    >>> face_key("Ann", FrameKey("2026-03-02", "a1", datetime(2026, 3, 2, 8)), Box(1, 2, 3, 4), "data1")
    'Ann/2026-03-02|a1|2026-03-02T08:00:00.000000|(1,2,3,4)|data1'
    """
    time = frame.time.isoformat(timespec="microseconds")
    return f"{name}/{frame.date}|{frame.event}|{time}|({box.x1},{box.y1},{box.x2},{box.y2})|{sink}"


def face_of(key: str) -> str:
    """Return the part of a key that says which face it is, whatever its name."""
    return key.split("/", 1)[1]


def frame_of(key: str) -> tuple[FrameKey, Box]:
    """Return the frame and the box that a key names.

    Raises
    ------
    BadInputError
        It is not the key of a face.

    Examples
    --------
    >>> frame_of("Ann/2026-03-02|a1|2026-03-02T08:00:00.000000|(1,2,3,4)|data1")[1]
    Box(x1=1, y1=2, x2=3, y2=4)
    """
    try:
        day, event, time, box, _ = face_of(key).split("|")
        sides = [int(side) for side in box.strip("()").split(",")]
        return FrameKey(day, event, datetime.fromisoformat(time)), Box(*sides)
    except (ValueError, TypeError, IndexError):
        raise BadInputError(f"{key!r} does not name a face as facedata does.") from None


def read(path: Path) -> FaceData:
    """Read all embeddings of a file, from its packed copy where that is of the same content.

    Raises
    ------
    BadInputError
        There is no such file, it is not HDF5, or its embeddings are not all of one length.
    """
    packed = read_packed(path)
    if packed:
        return FaceData(*packed)
    try:
        source = sha256(path)
        with h5py.File(path, "r") as file:
            found = dict(_walk(file))
            fingerprint = str(file.attrs.get(FINGERPRINT, "unknown"))
    except FileNotFoundError:
        raise BadInputError(f"There are no embeddings at {path}. Make them with: deepthink embed") from None
    except OSError as error:
        raise BadInputError(f"{path} is not a readable HDF5 file ({error}). Make it again: deepthink embed") from None
    keys = tuple(sorted(found))
    data = FaceData(keys, _stacked(path, [found[key] for key in keys]), fingerprint)
    write_packed(path, data.keys, data.vectors, fingerprint, source)
    return data


def _walk(file: h5py.File) -> list[tuple[str, np.ndarray]]:
    return [
        (f"{person}/{face}", np.asarray(dataset, np.float32))
        for person, group in file.items()
        if isinstance(group, h5py.Group)
        for face, dataset in group.items()
    ]


def _stacked(path: Path, vectors: list[np.ndarray]) -> np.ndarray:
    if not vectors:
        return np.zeros((0, 128), np.float32)
    if len({vector.shape for vector in vectors}) > 1 or vectors[0].ndim != 1:
        raise BadInputError(f"{path} holds embeddings of different lengths; embed again: deepthink embed --all")
    stacked = np.stack(vectors)
    if not np.isfinite(stacked).all():
        raise BadInputError(f"{path} holds embeddings that are not numbers; embed again: deepthink embed --all")
    return stacked


def keys(path: Path, fingerprint: str) -> set[str]:
    """Return the keys of a file that `fingerprint`'s embedder made; empty when there is none.

    Raises
    ------
    MixedEmbeddersError
        Another embedder made it.
    """
    if not path.exists():
        return set()
    existing = read(path)
    if existing.keys and existing.fingerprint != fingerprint:
        raise MixedEmbeddersError(fingerprint, existing.fingerprint, str(path))
    return set(existing.keys)


def update(path: Path, added: Mapping[str, np.ndarray], dropped: set[str], fingerprint: str) -> None:
    """Add and drop faces in one step: a kill leaves the old file or the new one."""
    before = read_packed(path) if path.exists() else None
    with replacing(path) as beside:
        if path.exists():
            shutil.copyfile(path, beside)
        else:
            beside.unlink()
        with h5py.File(beside, "a") as file:
            file.attrs[FINGERPRINT] = fingerprint
            _drop(file, dropped)
            for key, vector in added.items():
                if key in file:
                    del file[key]
                file[key] = np.asarray(vector, np.float32)
    if before:
        _repack(path, FaceData(*before), added, dropped, fingerprint)


def _repack(path: Path, before: FaceData, added: Mapping[str, np.ndarray], dropped: set[str], fingerprint: str) -> None:
    """Bring the packed copy along, so that the file need not be read face by face."""
    kept = before.only(np.array([key not in dropped and key not in added for key in before.keys], bool))
    keys = (*kept.keys, *added)
    order = sorted(range(len(keys)), key=keys.__getitem__)
    vectors = np.concatenate([kept.vectors, *(np.asarray(vector, np.float32)[None] for vector in added.values())])
    write_packed(path, tuple(keys[at] for at in order), vectors[order], fingerprint, sha256(path))


def _drop(file: h5py.File, dropped: set[str]) -> None:
    for key in dropped & set(_names(file)):
        del file[key]
    for person in [name for name, group in file.items() if isinstance(group, h5py.Group) and not len(group)]:
        del file[person]


def _names(file: h5py.File) -> list[str]:
    return [f"{person}/{face}" for person, group in file.items() if isinstance(group, h5py.Group) for face in group]
