"""Which frames SentinelCam searches, and how it cuts faces out and knows a copy (docs/formats.md, 1.4 and 1.7)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import datetime

import cv2
import numpy as np

from deepthink.errors import BadInputError
from deepthink.records import Box

LEAST = 20  # pixels, of a crop's either side: SentinelCam embeds nothing smaller


def searched(times: Sequence[datetime], seen: Iterable[datetime]) -> list[datetime]:
    """Return the pictures that GetFaces searches: for each person seen the first picture taken then or later.

    Parameters
    ----------
    times : sequence of datetime
        When the event's pictures were taken, ascending.
    seen : iterable of datetime
        When a person was seen.

    Examples
    --------
    >>> at = [datetime(2026, 3, 2, 8, 0, second) for second in range(4)]
    >>> [time.second for time in searched(at, [at[1], datetime(2026, 3, 2, 8, 0, 1, 5), datetime(2026, 3, 2, 9)])]
    [1, 2]
    """
    places = {bisect_left(times, time) for time in seen}
    return [times[place] for place in sorted(places) if place < len(times)]


def raw_crop(image: np.ndarray, box: Box) -> np.ndarray:
    """Cut a face out of its frame as it is.

    Raises
    ------
    BadInputError
        The box holds nothing of the frame. SentinelCam would end the event here, fail it, or count an end below 0
        from the other edge (bug B8).
    """
    height, width = image.shape[:2]
    inside = box.clipped(width, height)
    if not inside.width or not inside.height:
        raise BadInputError(f"box {box} holds nothing of the {width} x {height} frame")
    return image[inside.y1 : inside.y2, inside.x1 : inside.x2]


def check_size(face: np.ndarray) -> np.ndarray:
    """Return a face that is to be embedded; BadInputError when SentinelCam would find it too small."""
    height, width = face.shape[:2]
    if min(height, width) < LEAST:
        raise BadInputError(f"a face of {width} x {height} pixels: SentinelCam embeds none below {LEAST}")
    return face


def copy_hash(face: np.ndarray) -> int:
    """Return the difference hash by which SentinelCam knows a copy: 8 by 8 bits of the raw crop.

    Examples
    --------
    >>> copy_hash(np.zeros((30, 30, 3), np.uint8))
    0
    """
    small = cv2.resize(cv2.cvtColor(face, cv2.COLOR_BGR2GRAY), (9, 8))
    return int.from_bytes(np.packbits(small[:, 1:] > small[:, :-1]).tobytes(), "big")
