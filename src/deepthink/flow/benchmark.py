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
from deepthink.validation.identification import Protocol, draw, identify
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


@dataclass(frozen=True)
class OpenSet:
    """Open-set identification over several draws: means, with their 95 % intervals over draws."""

    draws: int
    fnir: float
    fnir_interval: tuple[float, float]
    fpir: float
    fpir_interval: tuple[float, float]
    stated_rightly: float  # share of draws whose FPIR lies within what the version stated
    sentinelcam_fnir: float  # of SentinelCam's rule on the same probes
    sentinelcam_fpir: float
    mated: int  # photographs asked in each draw
    nonmated: int


def open_set(album: Album, protocol: Protocol, seeds: int, preset: str, fpir: float, progress: Progress) -> OpenSet:
    """Train and ask `seeds` draws.

    Raises
    ------
    BadInputError
        The photographs do not allow the protocol.
    """
    found = []
    for seed in range(seeds):
        progress(seed, seeds, "draws")
        found.append(identify(album.embeddings, album.people, draw(album.people, protocol, seed), fpir, preset))
    progress(seeds, seeds, "draws")
    missed, named = ([getattr(one, kind).value for one in found] for kind in ("missed", "named"))
    right = [one.stated[0] <= one.named.value <= one.stated[1] for one in found]
    return OpenSet(
        seeds, float(np.mean(missed)), _interval(missed), float(np.mean(named)), _interval(named),
        float(np.mean(right)), float(np.mean([one.sentinelcam_missed.value for one in found])),
        float(np.mean([one.sentinelcam_named.value for one in found])), found[0].missed.total, found[0].named.total,
    )  # fmt: skip


def _interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean less and plus 1.96 standard errors, within 0 and 1."""
    error = 1.96 * float(np.std(values, ddof=1)) / len(values) ** 0.5 if len(values) > 1 else 1.0
    return max(0.0, float(np.mean(values)) - error), min(1.0, float(np.mean(values)) + error)


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
