"""A packed copy of an embeddings file, beside it: SentinelCam's layout opens one small dataset a face, this two arrays.

The copy names the sha256 of the file it was made from, and is only believed while that is the file's; its own bytes are
checked by the archive's checksums. It can be removed at any time: it is made again.
"""

from __future__ import annotations

import contextlib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from deepthink.files import replacing, sha256

SEPARATOR = "\n"  # never in a key
WORTH = 1000  # faces from which on a copy is kept: below, the file itself is read in a moment


def packed_path(path: Path) -> Path:
    """Return where the packed copy of an embeddings file lies.

    Examples
    --------
    >>> packed_path(Path("training/facedata_alpha.hdf5")).name
    '.facedata_alpha.hdf5.packed.npz'
    """
    return path.with_name(f".{path.name}.packed.npz")


def read_packed(path: Path) -> tuple[tuple[str, ...], np.ndarray, str] | None:
    """Return keys, embeddings and fingerprint from an embeddings file's packed copy; None when that is of no use."""
    packed = packed_path(path)
    if not packed.exists():
        return None
    try:
        with np.load(packed, allow_pickle=False) as held:
            if str(held["source"]) != sha256(path):
                return None
            keys = tuple(held["keys"].tobytes().decode().split(SEPARATOR))
            vectors, fingerprint = held["vectors"], str(held["fingerprint"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return (keys, vectors, fingerprint) if vectors.ndim == 2 and len(vectors) == len(keys) else None


def write_packed(path: Path, keys: tuple[str, ...], vectors: np.ndarray, fingerprint: str, source: str) -> None:
    """Keep a packed copy of what an embeddings file of that sha256 holds, where there is room for one and it pays."""
    packed = packed_path(path)
    if len(keys) < WORTH or not path.stat().st_mode & 0o222:  # a published version is never added to
        packed.unlink(missing_ok=True)
        return
    arrays: dict[str, Any] = {
        "source": source,
        "keys": np.frombuffer(SEPARATOR.join(keys).encode(), np.uint8),
        "vectors": vectors,
        "fingerprint": fingerprint,
    }
    with contextlib.suppress(OSError), replacing(packed) as beside, beside.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
