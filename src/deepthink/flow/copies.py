"""Whether a picture is a near copy of one that is here, or that came just before."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from deepthink.curation.facelist import Facelist, Status
from deepthink.curation.hashes import BITS, HashBook
from deepthink.curation.provenance import Imported
from deepthink.curation.sweep import picture_hash
from deepthink.flow.wiring import Site

COPY, COPY_GONE = "a near copy of one that is here", "a near copy of one that was taken out here"
_ROOM = 64  # faces that come, before more is needed


class Copies:
    """The perceptual hashes of all faces here and, of those that were imported, of their whole pictures too.

    A detector puts its box a little otherwise around the face of a copy: of photographs at JPEG quality 60 the face's
    hash tells 45 % and the picture's 97 %, at four fifths of the size 11 and 100 %. Of 102,378 pairs of different
    photographs the picture's hash takes none for copies, and the face's one.

    Parameters
    ----------
    site : Site
    facelist : Facelist
    imported : iterable of Imported
        All that ever came.
    """

    def __init__(self, site: Site, facelist: Facelist, imported: Iterable[Imported]) -> None:
        rows = facelist.rows
        book = HashBook(facelist.path, rows, lambda row: picture_hash(site.datasink, row))
        self._tolerance = site.sweep_rules.same_picture
        self._hashes = np.zeros((2, len(rows) + _ROOM), np.uint64)  # of faces, and of whole pictures
        self._out = np.zeros(len(rows) + _ROOM, bool)
        self._count = 0
        came = {face.row.key: face for face in imported}
        for number, row in rows.items():
            face = came.pop(row.key, None)
            self._add(book.of(number), face.whole if face else 0, row.status in (Status.REVOKED, Status.REMOVE))
        for face in came.values():
            self.add(face.hashed, face.whole)

    def add(self, hashed: int, whole: int) -> None:
        """Take in a face that comes, by its hash and its whole picture's."""
        self._add(hashed, whole, False)

    def _add(self, hashed: int, whole: int, out: bool) -> None:
        if self._count == len(self._out):
            self._hashes = np.concatenate([self._hashes, np.zeros_like(self._hashes)], axis=1)
            self._out = np.concatenate([self._out, np.zeros_like(self._out)])
        self._hashes[:, self._count], self._out[self._count] = (hashed, whole), out
        self._count += 1

    def why(self, hashed: int, whole: int) -> str:
        """Return why a picture is passed over; nothing when it is like no other."""
        faces, wholes = self._hashes[:, : self._count]
        near = (_apart(faces, hashed) <= self._tolerance) | (_apart(wholes, whole) <= self._tolerance)
        if not near.any():
            return ""
        return COPY_GONE if self._out[: self._count][near].all() else COPY


def _apart(hashes: np.ndarray, one: int) -> np.ndarray:
    """Return in how many bits hashes differ from one; 0 stands for none, and is like no other."""
    return np.where((hashes != 0) & (one != 0), np.bitwise_count(hashes ^ np.uint64(one)), BITS)
