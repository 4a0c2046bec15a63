"""Loading and updating embeddings: SentinelCam's way, one dataset after another, beside ours, in one run.

Example: python benchmarks/facedata.py --faces 5000 50000 --json

Every figure is the least of a few repetitions in turns. `first` reads the file for the first time and packs a copy;
`packed` reads that copy, the file's sha256 included; `update` adds 200 faces and brings the copy along.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from deepthink.embedding import facedata
from deepthink.embedding.packed import packed_path

REPEAT = 3
NEW = 200  # faces of an update


def main() -> None:
    """Compare at each size and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, nargs="+", default=[5000, 50000])
    parser.add_argument("--json", action="store_true", help="as JSON")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [compare(Path(folder), faces) for faces in given.faces]
    print(json.dumps(rows, indent=2) if given.json else "\n".join(map(str, rows)))


def compare(folder: Path, faces: int) -> dict[str, Any]:
    """Return seconds and ratios for a file of so many faces."""
    path = folder / f"facedata_{faces}.hdf5"
    facedata.update(path, _faces(faces, 0), set(), "benchmark")
    seconds: dict[str, list[float]] = {}
    for turn in range(REPEAT):
        packed_path(path).unlink(missing_ok=True)
        _timed(seconds, "one by one", lambda: _one_by_one(path))
        _timed(seconds, "first", lambda: facedata.read(path))
        _timed(seconds, "packed", lambda: facedata.read(path))
        added = _faces(NEW, turn + 1)
        _timed(seconds, "update", lambda new=added: facedata.update(path, new, set(), "benchmark"))
        facedata.update(path, {}, set(added), "benchmark")
    least = {name: round(min(times), 3) for name, times in seconds.items()}
    return {
        "faces": faces,
        "mb": path.stat().st_size >> 20,
        **least,
        "ratio": round(least["one by one"] / least["packed"], 1),
    }


def _timed(seconds: dict[str, list[float]], name: str, work: Callable[[], object]) -> None:
    started = time.perf_counter()
    work()
    seconds.setdefault(name, []).append(time.perf_counter() - started)


def _one_by_one(path: Path) -> tuple[list[str], np.ndarray]:
    """Read a file as SentinelCam's notebook does."""
    names, vectors = [], []
    with h5py.File(path, "r") as file:
        for person in file:
            for face in file[person]:
                names.append(person)
                vectors.append(file[person][face][:])
    return names, np.array(vectors)


def _faces(count: int, seed: int) -> dict[str, np.ndarray]:
    vectors = np.random.default_rng(seed).normal(0, 0.06, (count, 128)).astype(np.float32)
    where = lambda n: f"2026-03-{1 + n % 28:02d}|{seed:02d}{n // 5:06d}|2026-03-02T08:00:00.{n:06d}|(1,2,3,4)|data1"
    return {f"Person{n % 40:02d}/{where(n)}": vector for n, vector in enumerate(vectors)}


if __name__ == "__main__":
    main()
