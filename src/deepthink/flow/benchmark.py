"""The public protocols on a folder of Labeled Faces in the Wild, so that anyone can check what is claimed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepthink import weights
from deepthink.errors import BadInputError
from deepthink.files import replacing
from deepthink.flow.photographs import embed_photographs
from deepthink.flow.wiring import Site
from deepthink.records import Progress
from deepthink.validation.verification import Verification, draw_pairs, read_pairs, verify_pairs

PAIRS = 1000  # drawn where no list of pairs is given


@dataclass(frozen=True)
class Album:
    """Photographs with their embeddings, each of one known person."""

    people: np.ndarray  # (photographs,) of str
    numbers: np.ndarray  # (photographs,) of int, a person's photographs counted as in the file names
    embeddings: np.ndarray  # (photographs, dimensions) float32


def read_album(site: Site, folder: Path, progress: Progress) -> Album:
    """Embed all photographs of a folder, named Name_0001.jpg in any folders below it; a second time from the cache.

    Raises
    ------
    BadInputError
        There are no such photographs.
    """
    paths = sorted(path for path in folder.rglob("*.jpg") if path.stem.rpartition("_")[2].isdigit())
    if not paths:
        raise BadInputError(f"There are no photographs named Name_0001.jpg in {folder}.")
    cache = weights.cache_folder() / "albums" / f"{_key(site, paths)}.npz"
    if cache.exists():
        with np.load(cache, allow_pickle=False) as held:
            kept, embeddings = [paths[number] for number in held["kept"]], held["embeddings"]
    else:
        kept, embeddings = _embed(site, paths, progress)
        with replacing(cache) as beside, open(beside, "wb") as file:
            np.savez(file, kept=[paths.index(path) for path in kept], embeddings=embeddings)
    split = [path.stem.rpartition("_") for path in kept]
    return Album(np.array([name for name, _, _ in split]), np.array([int(last) for _, _, last in split]), embeddings)


def verification(album: Album, pairs: Path | None = None) -> Verification:
    """Measure whether pairs of photographs are told apart: those of a pairs.txt, or pairs drawn here."""
    if pairs is None:
        return verify_pairs(album.embeddings, draw_pairs(album.people, PAIRS))
    shown = zip(album.people.tolist(), album.numbers.tolist(), strict=True)
    return verify_pairs(album.embeddings, read_pairs(pairs, {who: at for at, who in enumerate(shown)}))


def _embed(site: Site, paths: Sequence[Path], progress: Progress) -> tuple[list[Path], np.ndarray]:
    kept, embeddings = [], []

    def refused(path: Path, why: str) -> None:
        site.datasink.problems.add(path, None, why)

    for path, embedding in embed_photographs(paths, site.make_detector, site.senses, refused):
        kept.append(path)
        embeddings.append(embedding)
        progress(len(kept), len(paths), "photographs")
    return kept, np.array(embeddings, np.float32)


def _key(site: Site, paths: Sequence[Path]) -> str:
    """Name what the embeddings depend on: the photographs, the detector and the embedder."""
    said = [f"{path}|{path.stat().st_size}|{path.stat().st_mtime_ns}" for path in paths]
    parts = [site.detector_name, site.embedder.fingerprint, *said]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]
