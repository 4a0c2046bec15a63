"""Whether a face is a near copy of one that is listed, or that came just before."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from deepthink.curation.facelist import Facelist, Status
from deepthink.curation.hashes import HashBook
from deepthink.curation.sweep import picture_hash
from deepthink.flow.wiring import Site

COPY, COPY_GONE = "a near copy of one that is here", "a near copy of one that was taken out here"


class Copies:
    """The perceptual hashes of all faces here.

    Parameters
    ----------
    site : Site
    facelist : Facelist
    waiting : iterable of int
        The hashes of faces that are in the datasink, and not listed yet.
    """

    def __init__(self, site: Site, facelist: Facelist, waiting: Iterable[int]) -> None:
        rows = facelist.rows
        book = HashBook(facelist.path, rows, lambda row: picture_hash(site.datasink, row))
        self._tolerance = site.sweep_rules.same_picture
        self._out = [row.status in (Status.REVOKED, Status.REMOVE) for row in rows.values()]
        self._hashes = [book.of(number) for number in rows]
        for hashed in waiting:
            self.add(hashed)

    def add(self, hashed: int) -> None:
        """Take in a face that comes."""
        self._hashes.append(hashed)
        self._out.append(False)

    def why(self, hashed: int) -> str:
        """Return why a face is passed over; nothing when it is like no other."""
        kept = np.array(self._hashes, np.uint64)
        if not hashed or not len(kept):
            return ""
        bits = np.where(kept != 0, np.bitwise_count(kept ^ np.uint64(hashed)), 64)
        near = bits <= self._tolerance
        if not near.any():
            return ""
        return COPY_GONE if all(out for out, same in zip(self._out, near, strict=True) if same) else COPY
