"""SentinelCam's recognition label, `Name: 99.12% (0.868943|0.095574|0|1)` (docs/formats.md, 1.4)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from deepthink.errors import BadInputError

_LABEL = re.compile(r"([^\s:,|()/]+): (-?[\d.]+)% \((-?[\d.e+-]+)\|(-?[\d.e+-]+)\|([01])\|(\d+)\)")


@dataclass(frozen=True)
class Label:
    """What recognition says of one face.

    Examples
    --------
    >>> str(Label("Ann", 0.9912, 0.868943, 0.095574, False, 1))
    'Ann: 99.12% (0.868943|0.095574|0|1)'
    """

    name: str  # "Unknown" for nobody's here
    probability: float  # 0 to 1; 0 when the classifier was overruled
    distance: float  # to the nearest baseline, in embedding units
    margin: float  # distance minus that person's threshold; negative is within
    usable: bool
    faces: int  # in the frame

    def __str__(self) -> str:
        numbers = f"{self.distance:.6f}|{self.margin:.6f}|{int(self.usable)}|{self.faces}"
        return f"{self.name}: {self.probability * 100:.2f}% ({numbers})"


def parse_label(text: str) -> Label:
    """Read a label.

    Raises
    ------
    BadInputError
        It is not one.
    """
    match = _LABEL.fullmatch(text.strip())
    if match is None:
        raise BadInputError(f"{text[:80]!r} is not a recognition label")
    name, share, distance, margin, usable, faces = match.groups()
    try:
        p, d, m, count = float(share) / 100, float(distance), float(margin), int(faces)
    except ValueError:
        raise BadInputError(f"{text[:80]!r} holds something that is not a number") from None
    if not all(math.isfinite(number) for number in (p, d, m)):
        raise BadInputError(f"{text[:80]!r} holds a number without end")
    return Label(name, p, d, m, usable == "1", count)
