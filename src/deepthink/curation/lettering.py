"""Names on pictures, in the letters that people write them with: OpenCV's own fonts know ASCII alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np

Ink = tuple[int, int, int]  # BGR
STROKES = 33  # pixels that a line of OpenCV's letters takes at scale 1
# Matplotlib brings the first along; the others are looked for by name where this system keeps its fonts
FONTS = (
    *("DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial.ttf", "Arial Unicode.ttf"),
    *("NotoSansCJK-Regular.ttc", "wqy-microhei.ttc", "DroidSansFallbackFull.ttf", "PingFang.ttc", "msyh.ttc"),
    *("NotoSansArabic-Regular.ttf", "NotoSansHebrew-Regular.ttf", "NotoSansDevanagari-Regular.ttf", "Nirmala.ttf"),
    *("NotoSansThai-Regular.ttf", "malgun.ttf", "NotoEmoji-Regular.ttf", "Symbola.ttf", "seguisym.ttf"),
)
_SPELT = str.maketrans({"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d"})


def write(paper: np.ndarray, text: str, at: tuple[int, int], size: int, ink: Ink, width: int) -> int:
    """Write one line, cut where it is too long.

    Parameters
    ----------
    paper : ndarray of shape (height, width, 3)
        BGR uint8; written on.
    text : str
        In any script. What does not print is left out; letters that no font here has are spelt. Without Pillow these
        are all beyond ASCII.
    at : tuple of int
        The left end of the line that the letters stand on, pixels.
    size : int
        Pixels from one line to the next.
    ink : tuple of int
        BGR.
    width : int
        Pixels there are.

    Returns
    -------
    int
        Pixels that were used.

    Examples
    --------
    >>> paper = np.full((20, 80, 3), 255, np.uint8)
    >>> 0 < write(paper, "Zoë Müller-Lüdenscheidt", (2, 15), 13, (0, 0, 0), 70) <= 70
    True
    """
    line, font = _line(text, size)
    line = _cut(line, width, font, size)
    if font is None:
        cv2.putText(paper, line, at, cv2.FONT_HERSHEY_SIMPLEX, size / STROKES, ink, 1, cv2.LINE_AA)
        return _length(line, font, size)
    from PIL import Image, ImageDraw

    up = size + size // 3
    mask = Image.new("L", (_length(line, font, size) + 2, 2 * size))
    ImageDraw.Draw(mask).text((1, up), line, fill=255, font=font, anchor="ls")
    _blend(paper, np.asarray(mask), at[1] - up, at[0] - 1, ink)
    return _length(line, font, size)


def width_of(text: str, size: int) -> int:
    """Return the pixels that a line takes when it is not cut."""
    line, font = _line(text, size)
    return _length(line, font, size)


def _line(text: str, size: int) -> tuple[str, Any]:
    """Return what is drawn of a text, and its font."""
    shown = "".join(letter for letter in text if letter.isprintable())
    font = font_for(shown, size)
    return spelt(shown, (lambda letter: _has(font, letter)) if font else str.isascii), font


def _length(line: str, font: Any, size: int) -> int:
    if font is not None:
        return int(np.ceil(font.getlength(line)))
    return int(cv2.getTextSize(line, cv2.FONT_HERSHEY_SIMPLEX, size / STROKES, 1)[0][0])


def _cut(line: str, width: int, font: Any, size: int) -> str:
    if _length(line, font, size) <= width:
        return line
    more, kept = "…" if font else "..", len(line)
    while kept and _length(_ends(line, kept, more), font, size) > width:
        kept -= 1
    return _ends(line, kept, more)


def _ends(line: str, kept: int, more: str) -> str:
    """Return both ends of a line, for long names often differ in the last letters alone."""
    return line[: kept - kept // 3] + more + line[len(line) - kept // 3 :]


def _blend(paper: np.ndarray, mask: np.ndarray, top: int, left: int, ink: Ink) -> None:
    """Let ink cover the paper as far as a mask says, cut off at the paper's edges."""
    up, over = max(0, -top), max(0, -left)
    part = paper[top + up : top + mask.shape[0], left + over : left + mask.shape[1]]
    share = mask[up : up + part.shape[0], over : over + part.shape[1], None] / 255.0
    part[:] = np.round(part * (1 - share) + np.array(ink) * share).astype(np.uint8)


def spelt(text: str, known: Callable[[str], bool] = str.isascii) -> str:
    """Return a text in letters that are known: without accents, else by what each letter is called.

    Examples
    --------
    >>> spelt("Zoë Weiß"), spelt("さくら 李")
    ('Zoe Weiss', 'sa-ku-ra 674e')
    """
    words = "".join(letter if known(letter) else _spelt(letter) for letter in text).split(" ")
    return " ".join(re.sub("\0+", "-", word.strip("\0")) for word in words)


def _spelt(letter: str) -> str:
    """Return a letter in ASCII; between zeros where it became a word."""
    apart = unicodedata.normalize("NFKD", letter.translate(_SPELT))
    bare = "".join(part for part in apart if not unicodedata.combining(part))
    called = re.split("[ -]", unicodedata.name(letter, "?"))[-1].lower()
    return bare if bare.isascii() else f"\0{called}\0"


@lru_cache(maxsize=512)
def font_for(text: str, size: int) -> Any:
    """Return the font that has most of a text's letters, the first of those alike; None where there is no font."""
    best, most = None, -1
    for name in FONTS:
        font = _font(name, size)
        found = sum(_has(font, letter) for letter in text) if font else -1
        if found > most:
            best, most = font, found
        if most == len(text):
            break
    return best


@lru_cache(maxsize=64)
def _font(name: str, size: int) -> Any:
    try:
        from PIL import ImageFont
    except ImportError:  # it comes with the extra `train`
        return None
    for where in (_brought(name), name):
        try:
            return ImageFont.truetype(str(where), size)
        except OSError:
            continue
    return None


def _brought(name: str) -> Path:
    """Return where Matplotlib would bring a font along, without importing it."""
    spec = find_spec("matplotlib")
    folder = Path(spec.origin).parent if spec and spec.origin else Path()
    return folder / "mpl-data" / "fonts" / "ttf" / name


@lru_cache(maxsize=4096)
def _has(font: Any, letter: str) -> bool:
    """Whether a font has a letter: what it has not, it draws as it draws what is no letter."""
    return letter.isspace() or _look(font, letter) != _look(font, "\uffff")


def _look(font: Any, letter: str) -> bytes:
    mask = font.getmask(letter, "L")
    return bytes(mask) + bytes(mask.size)
