"""Pictures as the characters that terminals draw them from: Kitty's protocol, iTerm's, and Sixel."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator

import cv2
import numpy as np

CHUNK = 4096  # characters that Kitty takes at once
COLOURS = 240
_SAMPLE = 20_000  # pixels that the colours are chosen by
_RUN = re.compile(rb"(.)\1{3,}", re.DOTALL)


def kitty(image: np.ndarray) -> str:
    r"""Return a BGR picture in the Kitty graphics protocol: a PNG file in chunks; the terminal is to answer nothing.

    Examples
    --------
    >>> kitty(np.zeros((2, 2, 3), np.uint8))[:18]
    '\x1b_Ga=T,f=100,q=2,m'
    """
    text = _base64_png(image)
    parts = [text[at : at + CHUNK] for at in range(0, len(text), CHUNK)]
    heads = ["a=T,f=100,q=2,", *[""] * (len(parts) - 1)]
    last = len(parts) - 1
    return "".join(
        f"\x1b_G{head}m={int(at < last)};{part}\x1b\\" for at, (head, part) in enumerate(zip(heads, parts, strict=True))
    )


def iterm(image: np.ndarray) -> str:
    r"""Return a BGR picture in iTerm's protocol for inline images, which WezTerm and others read too.

    Examples
    --------
    >>> iterm(np.zeros((2, 3, 3), np.uint8))[:26]
    '\x1b]1337;File=inline=1;size='
    """
    text = _base64_png(image)
    size = len(base64.b64decode(text))
    return f"\x1b]1337;File=inline=1;size={size};width={image.shape[1]}px;preserveAspectRatio=1:{text}\a"


def _base64_png(image: np.ndarray) -> str:
    return base64.b64encode(cv2.imencode(".png", image)[1].tobytes()).decode()


def sixel(image: np.ndarray) -> str:
    r"""Return a BGR picture as Sixel (DEC, 1987; as xterm, foot, mlterm and Windows Terminal read it).

    Examples
    --------
    >>> sixel(np.full((6, 5, 3), 255, np.uint8))
    '\x1bP0;1q"1;1;5;6#0;2;100;100;100#0!5~$-\x1b\\'
    """
    palette, codes = quantised(image)
    percent = np.round(palette[:, ::-1] / 2.55).astype(int)
    colours = "".join(f"#{at};2;{r};{g};{b}" for at, (r, g, b) in enumerate(percent.tolist()))
    lines = b"".join(_bands(codes)).decode("ascii")
    return f'\x1bP0;1q"1;1;{image.shape[1]};{image.shape[0]}{colours}{lines}\x1b\\'


def _bands(codes: np.ndarray) -> Iterator[bytes]:
    """Yield the picture's bands of six lines, each one colour after another."""
    for top in range(0, len(codes), 6):
        band = codes[top : top + 6]
        weights = (1 << np.arange(len(band), dtype=np.uint8))[:, None]
        for code in np.unique(band):
            bits = ((band == code) * weights).sum(axis=0, dtype=np.uint8) + 63
            yield b"#%d%s$" % (code, _RUN.sub(_short, bits.tobytes().rstrip(b"?")))
        yield b"-"


def _short(run: re.Match[bytes]) -> bytes:
    return b"!%d%s" % (len(run[0]), run[1])


def quantised(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the colours to draw a picture with, (colours, 3) uint8, and the number of each pixel's.

    Examples
    --------
    >>> quantised(np.full((1, 2, 3), 9, np.uint8))
    (array([[9, 9, 9]], dtype=uint8), array([[0, 0]]))
    """
    pixels = image.reshape(-1, 3)
    seen = np.unique(pixels[:: max(1, len(pixels) // _SAMPLE)], axis=0).astype(np.float32)
    if len(seen) > COLOURS:
        cv2.setRNGSeed(1)
        ends = (cv2.TERM_CRITERIA_COUNT, 8, 0.0)
        seen = cv2.kmeans(seen, COLOURS, None, ends, 1, cv2.KMEANS_PP_CENTERS)[2]  # type: ignore[call-overload]
    palette = np.unique(np.round(seen).astype(np.uint8), axis=0)
    bins = np.stack(np.meshgrid(*[np.arange(32)] * 3, indexing="ij"), -1).reshape(-1, 3) * 8 + 4
    nearest = _nearest(palette.astype(np.float32), bins.astype(np.float32))
    blue, green, red = (image[..., channel].astype(int) >> 3 for channel in range(3))
    return palette, nearest[(blue * 32 + green) * 32 + red]


def _nearest(palette: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the number of the colour that each point is nearest to."""
    away = (palette**2).sum(axis=1) - 2 * points @ palette.T
    return np.asarray(away.argmin(axis=1))


WAYS: dict[str, Callable[[np.ndarray], str]] = {"kitty": kitty, "iterm": iterm, "sixel": sixel}
