"""Contact sheets: many faces on one picture, for people who would rather look than read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import cv2
import numpy as np

from deepthink.curation.facelist import Row, Status
from deepthink.curation.lettering import width_of, write
from deepthink.errors import BadInputError
from deepthink.files import replacing
from deepthink.records import UNKNOWN, Box

CELL = 144  # pixels, a face; its caption goes below
CAPTION, GAP, HEAD = 36, 8, 44
COLUMNS, PER_SHEET = 8, 64
DARK, LIT, WHITE = 50, 95, 245  # the grey of a face's middle below which it is brightened, to which, and its lights
_PAPER, _INK, _FAINT, _EMPTY, _SUN = (250, 250, 248), (40, 40, 40), (115, 115, 115), (228, 228, 226), (60, 190, 250)
_WORDS = {
    Status.CANDIDATE: "waits",
    Status.SELECTED: "selected",
    Status.IN_USE: "in use",
    Status.REVOKED: "revoked",
    Status.REMOVE: "removed",
}
Picture = Callable[[Row], np.ndarray]  # a row's frame, BGR; BadInputError when it is gone
Named = Callable[[str], str]  # how a person is called where people look


@dataclass(frozen=True, eq=False)
class Sheet:
    """One contact sheet; a notebook shows it by itself."""

    title: str  # of its group
    page: int  # from 1
    rows: tuple[int, ...]
    image: np.ndarray  # BGR

    def png(self) -> bytes:
        """Return it as a PNG file's bytes."""
        done, content = cv2.imencode(".png", self.image, [cv2.IMWRITE_PNG_COMPRESSION, 6])
        if not done:
            raise BadInputError(f"The contact sheet of {self.title} could not be drawn.")
        return bytes(content.tobytes())

    def _repr_png_(self) -> tuple[bytes, dict[str, str]]:
        return self.png(), {"alt": f"{_faces(len(self.rows))} of {self.title}"}


def grouped(rows: Mapping[int, Row], by: Callable[[Row], str]) -> dict[str, list[int]]:
    """Return the rows' numbers under what is said of each row, in the order of what is said.

    Examples
    --------
    >>> grouped({}, lambda row: row.name)
    {}
    """
    found: dict[str, list[int]] = {}
    for number, row in rows.items():
        found.setdefault(by(row), []).append(number)
    return dict(sorted(found.items()))


def sheets(
    groups: Mapping[str, Sequence[int]],
    rows: Mapping[int, Row],
    picture: Picture,
    named: Named = lambda name: name,
    most: int | None = None,
) -> Iterator[Sheet]:
    """Draw groups of rows one after another, each as one sheet or more.

    Parameters
    ----------
    groups : mapping of str to sequence of int
        The rows of each by their number, under the title.
    rows : mapping of int to Row
    picture : callable
        Returns a row's frame, BGR; a row whose picture raises BadInputError is drawn as an empty cell.
    named : callable, optional
        How a person is called where people look.
    most : int, optional
        So many sheets of each group, the first ones; else all.
    """
    for title, members in groups.items():
        for page, start in enumerate(range(0, len(members), PER_SHEET)[:most], 1):
            own = members[start : start + PER_SHEET]
            part = "" if len(own) == len(members) else f", {start + 1} to {start + len(own)}"
            image = _drawn(title, _faces(len(members)) + part, {number: rows[number] for number in own}, picture, named)
            yield Sheet(title, page, tuple(own), image)


def _faces(count: int) -> str:
    return f"{count} face" if count == 1 else f"{count} faces"


def montages(
    groups: Mapping[str, Sequence[int]],
    rows: Mapping[int, Row],
    picture: Picture,
    folder: Path,
    named: Named = lambda name: name,
    most: int | None = None,
) -> Iterator[tuple[Sheet, Path]]:
    """Draw groups of rows as `sheets` does, into PNG files <title>-<page>.png; pages of an earlier time go."""
    for sheet in sheets(groups, rows, picture, named, most):
        stem = _stem(sheet.title)
        if sheet.page == 1:
            for old in folder.glob(f"{stem}-*.png"):
                if old.stem.removeprefix(f"{stem}-").isdecimal():
                    old.unlink()
        path = folder / f"{stem}-{sheet.page}.png"
        with replacing(path) as beside:
            beside.write_bytes(sheet.png())
        yield sheet, path


def _stem(title: str) -> str:
    """Return a title as a file's name; what had to be changed for it is told apart by its checksum."""
    plain = title.replace(": ", "-")
    safe = "".join(letter if letter.isalnum() or letter in "_-" else "_" for letter in plain)[:48]
    return safe if safe == plain else f"{safe}-{crc32(title.encode('utf-8', 'surrogateescape')):08x}"


def _drawn(title: str, count: str, members: Mapping[int, Row], picture: Picture, named: Named) -> np.ndarray:
    across = min(COLUMNS, max(4, len(members)))
    down = -(-len(members) // across)
    wide, tall = across * (CELL + GAP) + GAP, HEAD + down * (CELL + CAPTION + GAP)
    paper = np.full((tall, wide, 3), _PAPER, np.uint8)
    told = width_of(count, 13)
    used = write(paper, title, (GAP, 29), 18, _INK, wide - told - 4 * GAP)
    write(paper, count, (used + 3 * GAP, 29), 13, _FAINT, told)
    for place, (number, row) in enumerate(members.items()):
        x, y = GAP + place % across * (CELL + GAP), HEAD + place // across * (CELL + CAPTION + GAP)
        paper[y : y + CELL, x : x + CELL] = _face(row, picture)
        _caption(paper, number, row, named, x, y + CELL)
    return paper


def _caption(paper: np.ndarray, number: int, row: Row, named: Named, x: int, y: int) -> None:
    name = "unknown" if row.name == UNKNOWN else named(row.name)
    status = "stranger" if row.stranger else _WORDS[row.status]
    count = width_of(f"#{number}", 11)
    write(paper, name, (x + 1, y + 14), 13, _INK, CELL - count - 8)
    write(paper, f"#{number}", (x + CELL - count - 1, y + 14), 11, _FAINT, count)
    write(paper, f"p {row.probability:.2f}  d {row.distance:.2f}", (x + 1, y + 29), 11, _INK, CELL - 2)
    write(paper, status, (x + CELL - width_of(status, 11) - 1, y + 29), 11, _FAINT, CELL // 2)


def _face(row: Row, picture: Picture) -> np.ndarray:
    try:
        image = picture(row)
    except BadInputError:
        empty = np.full((CELL, CELL, 3), _EMPTY, np.uint8)
        write(empty, "picture is gone", (26, CELL // 2 + 4), 12, _FAINT, CELL - 30)
        return empty
    face = square(image, row.box)
    shrinks = face.shape[0] > CELL
    return lit(cv2.resize(face, (CELL, CELL), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC))


def lit(face: np.ndarray) -> np.ndarray:
    """Brighten a face that is too dark to be known, and mark its corner; others are returned as they are.

    Examples
    --------
    >>> night = np.full((40, 40, 3), 20, np.uint8)
    >>> int(np.median(lit(night)))
    95
    """
    inner = face[face.shape[0] // 4 : -face.shape[0] // 4, face.shape[1] // 4 : -face.shape[1] // 4]
    middle, top = max(1.0, float(np.median(inner))), max(1.0, float(np.percentile(inner, 98)))
    if middle >= DARK:
        return face
    gain = min(LIT / middle, WHITE / top)  # evenly as far as there is room, which keeps colours and contrast
    power = max(0.6, np.log(LIT / 255) / np.log(min(254.0, gain * middle) / 255))
    table = np.round(255 * np.clip(gain * np.arange(256) / 255, 0, 1) ** min(1.0, power)).astype(np.uint8)
    bright = cv2.LUT(face, table)
    cv2.fillPoly(bright, [np.array([[face.shape[1] - 15, 0], [face.shape[1], 0], [face.shape[1], 15]])], _SUN)
    return np.asarray(bright)


def square(image: np.ndarray, box: Box) -> np.ndarray:
    """Cut a face with some of its surroundings, square, padded where it reaches over the frame."""
    side = max(16, round(max(box.width, box.height) * 1.3))
    x, y = (box.x1 + box.x2 - side) // 2, (box.y1 + box.y2 - side) // 2
    grown = cv2.copyMakeBorder(image, side, side, side, side, cv2.BORDER_REPLICATE)
    height, width = image.shape[:2]
    x, y = min(max(x, -side), width), min(max(y, -side), height)
    return grown[y + side : y + 2 * side, x + side : x + 2 * side]
