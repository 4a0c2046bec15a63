"""Reads the values that dlib saves, one after the other, each checked.

An integer is one byte with its length in the low half and its sign in the top bit, then that many bytes, little-endian.
A float is two integers, mantissa and exponent. A text is its length and its characters. A tensor is a version, four
sizes and raw float32.
"""

from __future__ import annotations

import math

import numpy as np

from deepthink.errors import WeightsError

MAX_NAME = 64  # characters; the longest name in use has 21


class Cursor:
    """A place in a saved file; each read checks what it reads and moves on."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        end = self.at + count
        if end > len(self.data):
            raise WeightsError(f"The file ends at byte {len(self.data):,}, in the middle of a value: it is truncated.")
        taken, self.at = self.data[self.at : end], end
        return taken

    def integer(self) -> int:
        """Return the next integer."""
        head = self.take(1)[0]
        length = head & 0x0F
        if not 1 <= length <= 8 or head & 0x70:
            raise self.wrong(f"{head:#04x} cannot begin an integer")
        value = int.from_bytes(self.take(length), "little")
        return -value if head & 0x80 else value

    def number(self) -> float:
        """Return the next float, which must be finite."""
        mantissa, exponent = self.integer(), self.integer()
        # dlib writes 32000 and above for infinities and not-a-number; no float lies beyond 2 ** 1100 either.
        if abs(exponent) > 1100:
            raise self.wrong("a number is not finite")
        try:
            return math.ldexp(mantissa, exponent)
        except OverflowError:
            raise self.wrong("a number is not finite") from None

    def expect(self, wanted: int, what: str) -> None:
        """Read an integer that can only be `wanted`."""
        if (found := self.integer()) != wanted:
            raise self.wrong(f"{what} is {found}, not {wanted}")

    def text(self) -> str:
        """Return the next short text."""
        length = self.integer()
        if not 0 < length <= MAX_NAME:
            raise self.wrong(f"a name of {length} characters")
        return self.take(length).decode("ascii", errors="replace")

    def sizes(self) -> tuple[int, ...]:
        """Return the four sizes of a tensor."""
        shape = tuple(self.integer() for _ in range(4))
        if min(shape) < 0:
            raise self.wrong(f"a tensor of {shape}")
        return shape

    def tensor(self) -> np.ndarray:
        """Return the next tensor, flat."""
        self.expect(2, "a tensor's version")
        values = np.frombuffer(self.take(4 * math.prod(self.sizes())), "<f4")
        if not np.isfinite(values).all():
            raise self.wrong("a weight is not finite")
        return values

    def alias(self) -> tuple[int, ...]:
        """Return the sizes of a part of a tensor."""
        self.expect(1, "an alias's version")
        return self.sizes()

    def wrong(self, what: str) -> WeightsError:
        """Return the error for something that a saved network does not hold here."""
        return WeightsError(f"Not a dlib face network, or a damaged one: at byte {self.at:,}, {what}.")
