"""From photographs, one face in the middle of each, to embeddings: benchmarks, and folders that people bring."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from deepthink.detection.base import Detector
from deepthink.detection.detect import Face, align_each, decode
from deepthink.errors import BadInputError
from deepthink.flow.ahead import ahead
from deepthink.recognition.recognise import TOGETHER, Senses
from deepthink.records import Box, Detection, FrameKey

# Where the face of a photograph of Labeled Faces in the Wild lies when no detector finds it, as parts of its sides.
CENTRAL = (0.25, 0.28, 0.75, 0.77)
_NO_TIME = datetime(2000, 1, 1)

Refused = Callable[[Path, str], None]


def embed_photographs(
    paths: Sequence[Path],
    make_detector: Callable[[], Detector],
    senses: Senses,
    refused: Refused = lambda path, why: None,
    workers: int | None = None,
) -> Iterator[tuple[Path, np.ndarray]]:
    """Embed the face in the middle of each photograph; other threads read, detect and align ahead.

    Memory does not grow with the number of photographs: what waits are the crops of a few batches.

    Parameters
    ----------
    paths : sequence of Path
        JPEG or PNG files.
    make_detector : callable
        Makes the detector of one thread. Where it finds no face, the middle of the photograph is taken.
    senses : Senses
    refused : callable, optional
        Told of each photograph that cannot be read, and why; it is left out.
    workers : int, optional
        Threads beside this one.

    Yields
    ------
    path : Path
    embedding : ndarray of shape (dimensions,), float32
    """
    own = threading.local()

    def work(chunk: Sequence[Path]) -> list[tuple[str, np.ndarray]]:
        if not hasattr(own, "detector"):
            own.detector = make_detector()
        faces = [face for path in chunk for face in _read(path, own.detector, refused)]
        found = align_each(faces, senses.aligner, senses.rules, lambda face, why: refused(Path(face.name), why))
        return [(face.name, sample.crop) for face, sample in found]

    chunks = [paths[start : start + TOGETHER] for start in range(0, len(paths), TOGETHER)]
    for found in ahead(work, chunks, workers):
        if found:
            embedded = senses.embedder.embed(np.stack([crop for _, crop in found]))
            yield from ((Path(name), vector) for (name, _), vector in zip(found, embedded, strict=True))


def _read(path: Path, detector: Detector, refused: Refused) -> list[Face]:
    try:
        image = decode(path.read_bytes())
    except (OSError, BadInputError) as error:
        refused(path, str(error))
        return []
    height, width = image.shape[:2]
    key = FrameKey("", "", _NO_TIME)
    return [Face(key, image, _in_the_middle(detector.detect(image), width, height), str(path))]


def _in_the_middle(found: Sequence[Detection], width: int, height: int) -> Box:
    """Return the box nearest to the middle that reaches over it, else where the face should be."""
    x1, y1, x2, y2 = CENTRAL
    middle = Box(round(x1 * width), round(y1 * height), round(x2 * width), round(y2 * height))
    return max((each.box for each in found if each.box.overlap(middle) > 0.2), key=middle.overlap, default=middle)
