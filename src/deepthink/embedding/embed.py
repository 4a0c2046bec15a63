"""Brings a file of embeddings up to date: what is new is computed, what is renamed moves, what is gone leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np

from deepthink.embedding import facedata
from deepthink.embedding.base import Embedder

SAVE_EVERY = 512  # faces; a kill loses at most so many computed embeddings
BATCH = 32  # crops held in memory at once

T = TypeVar("T")
Crop = tuple[str, np.ndarray]  # a face's key, and its aligned crop (size, size, 3) BGR uint8


@dataclass(frozen=True)
class EmbedReport:
    """What an update did, in faces."""

    kept: int
    added: int
    moved: int  # renamed: the embedding was there under another name
    dropped: int
    path: Path


def embed(
    path: Path,
    wanted: set[str],
    crops: Callable[[set[str]], Iterable[Crop]],
    embedder: Embedder,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> EmbedReport:
    """Make `path` hold the embeddings of exactly the wanted faces, as far as their crops can be had.

    Parameters
    ----------
    path : Path
        The HDF5 file.
    wanted : set of str
        Keys, as `facedata.face_key` makes them.
    crops : callable
        Given the keys still to compute, yields them with their crops; those whose picture is missing it leaves out.
    embedder : Embedder
        Turns crops into embeddings.
    progress : callable, optional
        Called with the faces done and the faces to do.

    Raises
    ------
    MixedEmbeddersError
        The file was made by another embedder.
    """
    had = facedata.keys(path, embedder.fingerprint)
    gone = had - wanted
    moved = _moved(path, had, wanted)
    if moved or gone or not path.exists():
        facedata.update(path, moved, gone, embedder.fingerprint)
    missing = wanted - had - set(moved)
    added = _compute(path, missing, crops, embedder, progress)
    return EmbedReport(len(had & wanted), added, len(moved), len(gone) - len(moved), path)


def _moved(path: Path, had: set[str], wanted: set[str]) -> dict[str, np.ndarray]:
    """Find the embeddings of faces that are wanted under another name than they have."""
    by_face = {facedata.face_of(key): key for key in had}
    renamed = {key: by_face[facedata.face_of(key)] for key in wanted - had if facedata.face_of(key) in by_face}
    if not renamed:
        return {}
    existing = facedata.read(path)
    position = {key: number for number, key in enumerate(existing.keys)}
    return {new: existing.vectors[position[old]] for new, old in renamed.items()}


def _compute(
    path: Path,
    missing: set[str],
    crops: Callable[[set[str]], Iterable[Crop]],
    embedder: Embedder,
    progress: Callable[[int, int], None],
) -> int:
    done = 0
    for chunk in _batches(_embedded(crops(missing), embedder) if missing else (), SAVE_EVERY):
        facedata.update(path, dict(chunk), set(), embedder.fingerprint)
        done += len(chunk)
        progress(done, len(missing))
    return done


def _embedded(crops: Iterable[Crop], embedder: Embedder) -> Iterator[tuple[str, np.ndarray]]:
    for batch in _batches(crops, BATCH):
        vectors = embedder.embed(np.stack([crop for _, crop in batch]))
        yield from zip((key for key, _ in batch), vectors, strict=True)


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of up to `size` items, each made only when it is asked for."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
