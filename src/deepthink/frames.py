"""A datasink's pictures, decoded: the one place that says what becomes of a picture that cannot be had."""

from __future__ import annotations

import numpy as np

from deepthink.datasink.base import Datasink
from deepthink.detection.detect import decode
from deepthink.errors import BadInputError
from deepthink.records import FrameKey


def read_frame(datasink: Datasink, key: FrameKey, then: str = "") -> np.ndarray | None:
    """Return a picture, BGR uint8; None, and a note in the datasink's problems, when it is absent or damaged.

    Parameters
    ----------
    datasink : Datasink
    key : FrameKey
    then : str
        What has come of that, for the note: "not embedded".
    """
    try:
        return decode(datasink.picture(key))
    except BadInputError as error:
        what = f"{then}: {error}" if then else str(error)
        datasink.problems.add(f"{key.date} {key.event} {key.time.time()}", None, what)
        return None
