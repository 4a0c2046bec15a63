"""Contact sheets: the faces of a person or a lane on one picture, for people who would rather look than read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from deepthink.curation.facelist import Row
from deepthink.curation.sweep import lane
from deepthink.errors import BadInputError
from deepthink.files import replacing
from deepthink.records import UNKNOWN, Box

CELL = 128  # pixels, a face; its caption goes below
CAPTION = 30
COLUMNS = 8
PER_SHEET = 64
_PAPER, _INK, _FAINT = (250, 250, 248), (40, 40, 40), (130, 130, 130)


def montages(
    rows: Mapping[int, Row], picture: Callable[[Row], np.ndarray], folder: Path, lanes: Callable[[Row], str] = lane
) -> list[Path]:
    """Draw the rows as contact sheets, one or more for each lane and person.

    Parameters
    ----------
    rows : mapping of int to Row
        Those to draw, by their number in the facelist.
    picture : callable
        Returns a row's frame, BGR; a row whose picture raises BadInputError is drawn as an empty cell.
    folder : Path
        Where the PNG files go.

    Returns
    -------
    list of Path
        The sheets, as <lane>-<person>-<page>.png.
    """
    groups: dict[tuple[str, str], list[tuple[int, Row]]] = {}
    for number, row in rows.items():
        groups.setdefault((lanes(row), row.name), []).append((number, row))
    written = []
    for (which, name), members in sorted(groups.items()):
        for page, start in enumerate(range(0, len(members), PER_SHEET), 1):
            path = folder / f"{which}-{_safe(name)}-{page}.png"
            write_png(path, sheet(f"{which}: {name}", members[start : start + PER_SHEET], picture))
            written.append(path)
    return written


def _safe(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "_-" else "_" for letter in name)[:64]


def sheet(title: str, members: Sequence[tuple[int, Row]], picture: Callable[[Row], np.ndarray]) -> np.ndarray:
    """Draw up to 64 rows under a title; returns BGR uint8."""
    across = min(COLUMNS, max(4, len(members)))
    down = -(-len(members) // across)
    paper = np.full((40 + down * (CELL + CAPTION + 6), across * (CELL + 6) + 6, 3), _PAPER, np.uint8)
    _write(paper, f"{title}  ({len(members)} faces)", 8, 27, 0.62, _INK)
    for place, (number, row) in enumerate(members):
        x, y = 6 + place % across * (CELL + 6), 40 + place // across * (CELL + CAPTION + 6)
        paper[y : y + CELL, x : x + CELL] = _face(row, picture)
        _write(paper, f"{number} {row.name if row.name != UNKNOWN else '?'}"[:20], x + 1, y + CELL + 12, 0.36, _INK)
        numbers = f"p {row.probability:.2f} d {row.distance:.2f} {row.status.name.lower()[:4]}"
        _write(paper, numbers, x + 1, y + CELL + 25, 0.34, _FAINT)
    return paper


def _face(row: Row, picture: Callable[[Row], np.ndarray]) -> np.ndarray:
    try:
        image = picture(row)
    except BadInputError:
        return np.full((CELL, CELL, 3), 225, np.uint8)
    face = square(image, row.box)
    return cv2.resize(face, (CELL, CELL), interpolation=cv2.INTER_AREA if face.shape[0] > CELL else cv2.INTER_CUBIC)


def square(image: np.ndarray, box: Box) -> np.ndarray:
    """Cut a face with some of its surroundings, square, padded where it reaches over the frame."""
    side = max(16, round(max(box.width, box.height) * 1.3))
    x, y = (box.x1 + box.x2 - side) // 2, (box.y1 + box.y2 - side) // 2
    grown = cv2.copyMakeBorder(image, side, side, side, side, cv2.BORDER_REPLICATE)
    height, width = image.shape[:2]
    x, y = min(max(x, -side), width), min(max(y, -side), height)
    return grown[y + side : y + 2 * side, x + side : x + 2 * side]


def _write(paper: np.ndarray, text: str, x: int, y: int, size: float, ink: tuple[int, int, int]) -> None:
    shown = text.encode("ascii", "replace").decode()  # OpenCV's fonts know no other letters
    cv2.putText(paper, shown, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, ink, 1, cv2.LINE_AA)


def write_png(path: Path, image: np.ndarray) -> None:
    """Replace a PNG file in one step."""
    done, content = cv2.imencode(".png", image)
    if not done:
        raise BadInputError(f"{path} could not be drawn")
    with replacing(path) as beside:
        beside.write_bytes(content.tobytes())
