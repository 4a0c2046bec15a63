"""Looks at listed faces once, so that they can be compared: the picture is read, aligned and embedded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from deepthink.curation.facelist import Row
from deepthink.curation.vectors import Seen, face_id
from deepthink.datasink.base import Datasink
from deepthink.detection.base import Aligner
from deepthink.detection.detect import Face, align_each
from deepthink.detection.quality import QualityRules
from deepthink.embedding.base import Embedder
from deepthink.frames import read_frame
from deepthink.records import Sample

TOGETHER = 16  # faces: their frames are all in memory
NOTHING = Seen(np.zeros(0, np.float32), float("nan"))


def study(
    datasink: Datasink,
    rows: Sequence[Row],
    aligner: Aligner,
    quality: QualityRules,
    embedder: Embedder,
    spread: Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]] = map,
) -> Iterator[dict[str, Seen]]:
    """Yield the embeddings of rows' faces, a few at a time; of one whose picture is gone, that there is none.

    Parameters
    ----------
    datasink : Datasink
    rows : sequence of Row
    aligner : Aligner
    quality : QualityRules
    embedder : Embedder
    spread : callable, optional
        How pictures are read and faces aligned: as `map`, or on more threads.
    """

    def look(chunk: Sequence[Row]) -> list[tuple[Face, Sample]]:
        return list(align_each(list(_faces(datasink, chunk)), aligner, quality, lambda face, why: None))

    chunks = [rows[start : start + TOGETHER] for start in range(0, len(rows), TOGETHER)]
    for chunk, samples in zip(chunks, spread(look, chunks), strict=True):
        found = {face_id(row): NOTHING for row in chunk}
        if samples:
            vectors = embedder.embed(np.stack([sample.crop for _, sample in samples]))
            for (face, sample), vector in zip(samples, vectors, strict=True):
                found[face.name] = Seen(vector, float(sample.quality.turn))
        yield found


def _faces(datasink: Datasink, rows: Sequence[Row]) -> Iterator[Face]:
    """Yield the rows' faces, each picture decoded once."""
    for key, own in groupby(sorted(rows, key=lambda row: row.frame), key=lambda row: row.frame):
        image = read_frame(datasink, key, "not compared")
        if image is not None:
            yield from (Face(key, image, row.box, face_id(row)) for row in own)
