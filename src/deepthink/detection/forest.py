"""Reads the landmark predictor that dlib saves: a cascade of forests of small trees.

The whole file is a row of integers, each one byte with its length in the low half and its sign in the top bit, then
that many bytes, little-endian; a float is two of them, mantissa and exponent. All are found first and decoded at once,
since three million calls would take a small machine half a minute.

Their order is that of dlib's ``serialize(shape_predictor)``: version, mean shape, forests (of trees, of splits and
leaves), and for each forest the pixels it compares, as a landmark and an offset from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from deepthink.errors import WeightsError

_LENGTHS = bytes(1 + (head & 0x0F) for head in range(256))
MAX_DEPTH = 12


@dataclass(frozen=True)
class Stage:
    """One step of the cascade: which pixels are read, and the trees that move the landmarks by them."""

    anchors: np.ndarray  # (pixels,) the landmark that each pixel is near
    offsets: np.ndarray  # (pixels, 2) float32, from that landmark, in units of the box
    first: np.ndarray  # (trees, splits) a pixel
    second: np.ndarray  # (trees, splits) the pixel it is compared with
    thresholds: np.ndarray  # (trees, splits) float32: left when first - second exceeds it
    leaves: np.ndarray  # (trees, splits + 1, landmarks, 2) float32, in units of the box


@dataclass(frozen=True)
class Cascade:
    """A landmark predictor: where landmarks lie on average, and the stages that move them from there."""

    shape: np.ndarray  # (landmarks, 2) float32, 0 to 1 across the box
    stages: tuple[Stage, ...]


def read_cascade(data: bytes) -> Cascade:
    """Return the landmark predictor in a file saved by dlib.

    Raises
    ------
    WeightsError
        When the content is truncated, altered or another kind of file.
    """
    numbers = _Numbers(decode(data))
    numbers.expect(1, "the version")
    shape = numbers.matrices(1)[0].reshape(-1, 2)
    forests = [list(_read_trees(numbers, len(shape))) for _ in range(numbers.count("forests", 1000))]
    anchors = _read_lists(numbers, len(forests), 1)
    offsets = _read_lists(numbers, len(forests), 4)
    if numbers.at != len(numbers.values):
        raise _wrong(f"{len(numbers.values) - numbers.at:,} numbers too many")
    rows = zip(forests, anchors, offsets, strict=True)
    return Cascade(shape, tuple(_stage(trees, near[:, 0], away, len(shape)) for trees, near, away in rows))


def decode(data: bytes) -> np.ndarray:
    """Return the integers in `data` as int64.

    Raises
    ------
    WeightsError
        When a head byte is none, or the data end within an integer.

    Examples
    --------
    >>> decode(bytes([0x01, 7, 0x82, 0x00, 0x01])).tolist()
    [7, -256]
    """
    starts = np.array(list(_starts(data)), np.int64)
    content = np.frombuffer(data, np.uint8)
    heads = content[starts]
    lengths = heads & 0x0F
    if (heads & 0x70).any() or (lengths < 1).any() or (lengths > 8).any():
        raise _wrong("a value begins with a byte that cannot begin one")
    if len(starts) and starts[-1] + 1 + lengths[-1] != len(data):
        raise _wrong("the file ends in the middle of a value: it is truncated")
    magnitudes = _magnitudes(content, starts, lengths)
    return np.where(heads & 0x80, -magnitudes, magnitudes)


def _starts(data: bytes) -> Iterator[int]:
    steps, at = data.translate(_LENGTHS), 0
    while at < len(steps):
        yield at
        at += steps[at]


def _magnitudes(content: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    values = np.zeros(len(starts), np.int64)
    for place in range(int(lengths.max(initial=0))):
        reaching = np.flatnonzero(lengths > place)
        values[reaching] |= content[starts[reaching] + 1 + place].astype(np.int64) << (8 * place)
    return values


class _Numbers:
    """A place in the row of integers; each read checks what it reads and moves on."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.at = values, 0

    def take(self, count: int) -> np.ndarray:
        if self.at + count > len(self.values):
            raise _wrong("the file ends too early: it is truncated")
        taken: np.ndarray = self.values[self.at : self.at + count]
        self.at += count
        return taken

    def expect(self, wanted: int, what: str) -> None:
        if (found := int(self.take(1)[0])) != wanted:
            raise _wrong(f"{what} is {found}, not {wanted}")

    def count(self, what: str, most: int) -> int:
        if not 1 <= (found := int(self.take(1)[0])) <= most:
            raise _wrong(f"{found} {what}")
        return found

    def matrices(self, count: int) -> np.ndarray:
        """Return `count` columns of floats, all of the same even length, as (count, length) float32."""
        rows = -int(self.take(1)[0])  # dlib writes the sizes as negative numbers, to tell its newer format
        if not 2 <= rows <= 1000 or rows % 2:
            raise _wrong(f"a shape of {rows} numbers")
        self.at -= 1
        table = self.take(count * (2 + 2 * rows)).reshape(count, -1)
        if (table[:, :2] != (-rows, -1)).any():
            raise _wrong("shapes of different sizes")
        return _floats(table[:, 2::2], table[:, 3::2])


def _read_trees(numbers: _Numbers, landmarks: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield each tree's splits, (splits, 4): two pixels, mantissa and exponent, and its leaves."""
    for _ in range(numbers.count("trees", 100_000)):
        splits = numbers.count("splits", 2**MAX_DEPTH)
        table = numbers.take(4 * splits).reshape(splits, 4)
        numbers.expect(splits + 1, "a tree's number of leaves")
        leaves = numbers.matrices(splits + 1)
        if splits & (splits + 1) or leaves.shape[1] != 2 * landmarks:
            raise _wrong(f"a tree of {splits} splits with leaves of {leaves.shape[1]} numbers")
        yield table, leaves


def _read_lists(numbers: _Numbers, forests: int, width: int) -> list[np.ndarray]:
    """Return a list for each forest, each (pixels, width)."""
    numbers.expect(forests, "the number of pixel lists")
    return [numbers.take(width * numbers.count("pixels", 100_000)).reshape(-1, width) for _ in range(forests)]


def _stage(trees: list[tuple[np.ndarray, np.ndarray]], anchors: np.ndarray, away: np.ndarray, landmarks: int) -> Stage:
    if len({len(splits) for splits, _ in trees}) != 1 or len(anchors) != len(away):
        raise _wrong("a forest whose trees or pixels do not match")
    splits = np.stack([splits for splits, _ in trees])
    pixels = splits[:, :, :2]
    if pixels.min() < 0 or pixels.max() >= len(anchors) or anchors.min() < 0 or anchors.max() >= landmarks:
        raise _wrong("a tree compares pixels that are not there")
    leaves = np.stack([leaves for _, leaves in trees]).reshape(*splits.shape[:1], -1, landmarks, 2)
    offsets = _floats(away[:, 0::2], away[:, 1::2])
    thresholds = _floats(splits[:, :, 2], splits[:, :, 3])
    return Stage(anchors, offsets, pixels[:, :, 0].copy(), pixels[:, :, 1].copy(), thresholds, leaves)


def _floats(mantissas: np.ndarray, exponents: np.ndarray) -> np.ndarray:
    if (np.abs(exponents) > 1000).any():  # dlib writes 32000 and above for infinities and not-a-number
        raise _wrong("a number is not finite")
    with np.errstate(over="ignore"):
        values: np.ndarray = np.ldexp(mantissas.astype(np.float64), exponents).astype(np.float32)
    if not np.isfinite(values).all():
        raise _wrong("a number is not finite")
    return values


def _wrong(what: str) -> WeightsError:
    return WeightsError(f"Not a dlib landmark predictor, or a damaged one: {what}.")
