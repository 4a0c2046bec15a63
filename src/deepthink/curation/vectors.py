"""Embeddings of listed faces, kept beside the facelist in one packed file, so that each is computed once.

They are what the review page groups and compares faces by. The embeddings that a version is trained on are others'
business (embedding/facedata.py): these may be removed at any time, and are made again.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from deepthink.curation.facelist import Row
from deepthink.embedding.facedata import face_key, face_of
from deepthink.files import replacing

_SEPARATOR = "\n"  # never in a key


class Seen(NamedTuple):
    """A face's embedding, and how far it is turned away: 0 faces the camera, nan where that is not known."""

    vector: np.ndarray  # (dimensions,) float32; empty when the picture is gone or cannot be embedded
    turn: float


def face_id(row: Row) -> str:
    """Return what tells a face from others, whatever its name."""
    return face_of(face_key("", row.frame, row.box, ""))


class Vectors:
    """The embeddings of a facelist's faces, by `face_id`.

    Parameters
    ----------
    facelist : Path
        facelist.csv; they lie in facelist.vectors.npz.
    fingerprint : str
        Of the embedder; those that another has made are dropped.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "facelist.csv"
    >>> kept = Vectors(path, "net:1")
    >>> kept.add({"day|event|time|(1,2,3,4)|": Seen(np.ones(3, np.float32), 0.1)})
    >>> kept.save()
    >>> len(Vectors(path, "net:1")), len(Vectors(path, "net:2"))
    (1, 0)
    """

    def __init__(self, facelist: Path, fingerprint: str) -> None:
        self.path = Path(facelist).with_suffix(".vectors.npz")
        self.fingerprint = fingerprint
        self._seen: dict[str, Seen] = _read(self.path, fingerprint)
        self._saved = len(self._seen)

    def __len__(self) -> int:
        return len(self._seen)

    def __contains__(self, face: str) -> bool:
        return face in self._seen

    def get(self, face: str) -> Seen | None:
        """Return a face's embedding; None when it has none, or none can be made."""
        found = self._seen.get(face)
        return found if found is not None and found.vector.size else None

    def add(self, seen: Mapping[str, Seen]) -> None:
        """Take in embeddings."""
        self._seen.update(seen)

    def missing(self, faces: Iterable[str]) -> list[str]:
        """Return the faces that nobody has looked at yet."""
        return [face for face in faces if face not in self._seen]

    def save(self) -> None:
        """Write the file in one step, if there is something new."""
        if len(self._seen) == self._saved:
            return
        size = max((seen.vector.size for seen in self._seen.values()), default=0)
        blank = np.full(size, np.nan, np.float32)
        vectors = [seen.vector if seen.vector.size else blank for seen in self._seen.values()]
        arrays: dict[str, Any] = {
            "fingerprint": self.fingerprint,
            "faces": np.frombuffer(_SEPARATOR.join(self._seen).encode(), np.uint8),
            "vectors": np.array(vectors, np.float32).reshape(len(vectors), size),
            "turns": np.array([seen.turn for seen in self._seen.values()], np.float32),
        }
        with replacing(self.path) as beside, beside.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        self._saved = len(self._seen)


def _read(path: Path, fingerprint: str) -> dict[str, Seen]:
    try:
        with np.load(path, allow_pickle=False) as held:
            if str(held["fingerprint"]) != fingerprint:
                return {}
            faces = held["faces"].tobytes().decode().split(_SEPARATOR)
            vectors, turns = held["vectors"], held["turns"].tolist()
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}
    if vectors.ndim != 2 or not len(faces) == len(vectors) == len(turns):
        return {}
    had = np.isfinite(vectors).all(axis=1).tolist()
    none = np.zeros(0, np.float32)
    return {
        face: Seen(vector if good else none, turn)
        for face, vector, good, turn in zip(faces, vectors, had, turns, strict=True)
    }
