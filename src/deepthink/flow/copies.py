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
        self._faces: list[int] = []
        self._wholes: list[int] = []
        self._out: list[bool] = []
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
        self._faces.append(hashed)
        self._wholes.append(whole)
        self._out.append(out)

    def why(self, hashed: int, whole: int) -> str:
        """Return why a picture is passed over; nothing when it is like no other."""
        near = (_apart(self._faces, hashed) <= self._tolerance) | (_apart(self._wholes, whole) <= self._tolerance)
        if not near.any():
            return ""
        return COPY_GONE if all(out for out, same in zip(self._out, near, strict=True) if same) else COPY


def _apart(hashes: list[int], one: int) -> np.ndarray:
    """Return in how many bits hashes differ from one; 0 stands for none, and is like no other."""
    kept = np.array(hashes, np.uint64)
    return np.where((kept != 0) & (one != 0), np.bitwise_count(kept ^ np.uint64(one)), BITS)
