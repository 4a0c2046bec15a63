"""Perceptual hashes of the listed faces, so that a near copy is not proposed twice.

A difference hash keeps, of a face brought down to 9 by 8 grey pixels, whether each is darker than its right neighbour:
64 bits that survive compression and small shifts (N. Krawetz, Kind of Like That, 2013).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np

from deepthink.curation.facelist import Row
from deepthink.files import replacing

BITS = 64


def difference_hash(face: np.ndarray) -> int:
    """Return the 64-bit difference hash of a BGR picture.

    Examples
    --------
    >>> ramp = np.tile(np.arange(90, dtype=np.uint8), (80, 1))
    >>> difference_hash(np.dstack([ramp] * 3)) == 2**64 - 1
    True
    """
    grey = cv2.cvtColor(face, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA)
    bits = (small[:, 1:] > small[:, :-1]).ravel()
    return int("".join("1" if bit else "0" for bit in bits), 2)


class HashBook:
    """The hash of every row of a facelist, kept beside it and made again where it is missing.

    Parameters
    ----------
    facelist : Path
        facelist.csv; the hashes lie in facelist.hashes.npy, one a row, 0 where a picture is gone.
    rows : mapping of int to Row
        The facelist's rows by number.
    hash_of : callable
        Makes the hash of a row that has none yet.
    """

    def __init__(self, facelist: Path, rows: Mapping[int, Row], hash_of: Callable[[Row], int]) -> None:
        self.path = facelist.with_suffix(".hashes.npy")
        kept = _read(self.path)
        last = max(rows, default=0)
        new = [hash_of(rows[number]) if number in rows else 0 for number in range(len(kept) + 1, last + 1)]
        self._hashes = kept[:last].tolist() + new
        self._array = np.array(self._hashes, np.uint64)

    def add(self, picture_hash: int, tolerance: int) -> bool:
        """Take in the next row's hash, unless one within `tolerance` bits is there; return whether it was taken."""
        recent = np.array(self._hashes[len(self._array) :], np.uint64)
        if picture_hash and min(_closest(self._array, picture_hash), _closest(recent, picture_hash)) <= tolerance:
            return False
        self._hashes.append(picture_hash)
        return True

    def of(self, number: int) -> int:
        """Return the hash of a row, by its number in the facelist; 0 when its picture is gone."""
        return self._hashes[number - 1]

    def save(self) -> None:
        """Write the hashes beside the facelist."""
        with replacing(self.path) as beside, beside.open("wb") as file:
            np.save(file, np.array(self._hashes, np.uint64), allow_pickle=False)


def _closest(hashes: np.ndarray, picture_hash: int) -> int:
    """Return in how many bits the nearest hash differs."""
    known = hashes[hashes != 0]
    return int(np.bitwise_count(known ^ np.uint64(picture_hash)).min()) if len(known) else BITS


def _read(path: Path) -> np.ndarray:
    try:
        with path.open("rb") as file:
            found = np.lib.format.read_array(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return np.zeros(0, np.uint64)
    return found if found.dtype == np.uint64 and found.ndim == 1 else np.zeros(0, np.uint64)
