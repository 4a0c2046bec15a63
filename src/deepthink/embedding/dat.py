"""Reads the networks that dlib saves: every field checked, every byte accounted for.

dlib writes a network from the outside in: a version number for each layer around the next, down to the input, and then
each layer's own fields from the input out. An integer is one byte with its length in the low half and its sign in the
top bit, then that many bytes, little-endian. A float is two integers, mantissa and exponent. A tensor is a version,
four sizes and raw float32. Each layer ends with the state of its training, which must be empty here.

The format is that of dlib's own ``serialize`` functions (King 2009, "Dlib-ml: a machine learning toolkit", JMLR 10;
dlib 19, files ``dnn/core.h`` and ``dnn/layers.h``).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from deepthink.errors import WeightsError

MAX_NAME = 64  # characters; the longest name in use has 21
MAX_LAYERS = 10_000
_ADDED, _MARKED, _INNERMOST = 2, 1, 3  # the versions that stand for add_layer, a tag or skip, and the first layer


@dataclass(frozen=True)
class Layer:
    """One layer, as the file has it: its kind, its whole numbers and its weights."""

    kind: str  # "con", "affine", "relu", "max_pool", "avg_pool", "add_prev" or "fc"
    marks: int = 0  # tags and skips between this layer and the one before it
    numbers: tuple[int, ...] = ()  # sizes, strides and paddings, in the file's order
    weights: np.ndarray = field(default_factory=lambda: np.empty(0, np.float32))


@dataclass(frozen=True)
class Network:
    """A network from its input on."""

    means: tuple[float, float, float]  # red, green, blue, taken off before the division by 256
    rows: int
    columns: int
    layers: tuple[Layer, ...]


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


def read_network(data: bytes) -> Network:
    """Return the network in a file saved by dlib with a metric loss and an RGB input of one size.

    Raises
    ------
    WeightsError
        When the content is truncated, altered or another kind of file.
    """
    cursor = Cursor(data)
    _read_loss(cursor)
    marks = _read_nesting(cursor)
    means, rows, columns = _read_input(cursor)
    layers = tuple(_read_layer(cursor, mark, first=not index) for index, mark in enumerate(marks))
    if cursor.at != len(data):
        raise cursor.wrong(f"{len(data) - cursor.at:,} bytes too many")
    return Network(means, rows, columns, layers)


def _read_loss(cursor: Cursor) -> None:
    cursor.expect(1, "the network's version")
    if (name := cursor.text()) != "loss_metric_2":
        raise cursor.wrong(f"the network ends in {name!r}, not in 'loss_metric_2'")
    cursor.number(), cursor.number()  # margin and distance threshold: training's, not used to embed


def _read_nesting(cursor: Cursor) -> list[int]:
    """Return, for each layer from the input on, how many tags and skips come before it."""
    marks, versions = [0], []
    while (version := cursor.integer()) != _INNERMOST:
        versions.append(version)
        if version not in (_ADDED, _MARKED) or len(versions) > MAX_LAYERS:
            raise cursor.wrong(f"a layer of version {version}")
    waiting = 0
    for version in reversed(versions):
        if version == _MARKED:
            waiting += 1
        else:
            marks.append(waiting)
            waiting = 0
    return marks


def _read_input(cursor: Cursor) -> tuple[tuple[float, float, float], int, int]:
    if (name := cursor.text()) != "input_rgb_image_sized":
        raise cursor.wrong(f"the input is {name!r}, not 'input_rgb_image_sized'")
    means = (cursor.number(), cursor.number(), cursor.number())
    return means, cursor.integer(), cursor.integer()


def _read_layer(cursor: Cursor, marks: int, *, first: bool) -> Layer:
    name = cursor.text()
    if name not in _READERS:
        raise cursor.wrong(f"a layer named {name!r}")
    kind, read = _READERS[name]
    numbers, weights = read(cursor)
    _skip_training_state(cursor, first=first)
    return Layer(kind, marks, numbers, weights)


_NONE = np.empty(0, np.float32)
_Fields = tuple[tuple[int, ...], np.ndarray]


def _read_convolution(cursor: Cursor) -> _Fields:
    """Numbers: filters, channels, rows, columns, stride, padding. Weights: the filters, then one bias a filter."""
    weights = cursor.tensor()
    filters, rows, columns, *strides_paddings = (cursor.integer() for _ in range(7))
    kernel, biases = cursor.alias(), cursor.alias()
    _skip_multipliers(cursor)
    down, across, pad_down, pad_across = strides_paddings
    if kernel[0] != filters or kernel[2:] != (rows, columns) or biases != (1, filters, 1, 1):
        raise cursor.wrong("a convolution whose sizes disagree")
    if weights.size != math.prod(kernel) + filters or min(*kernel, down) < 1 or pad_down < 0:
        raise cursor.wrong(f"a convolution of {kernel} with {weights.size} weights")
    if (down, pad_down) != (across, pad_across):
        raise cursor.wrong("a convolution whose strides or paddings differ between the axes")
    return (*kernel, down, pad_down), weights


def _read_affine(cursor: Cursor) -> _Fields:
    """Numbers: channels. Weights: one factor a channel, then one shift a channel."""
    weights, gamma, beta = cursor.tensor(), cursor.alias(), cursor.alias()
    cursor.expect(0, "an affine layer's mode")
    channels = gamma[1]
    if gamma != beta or gamma != (1, channels, 1, 1) or weights.size != 2 * channels:
        raise cursor.wrong(f"an affine layer of {gamma} with {weights.size} weights")
    return (channels,), weights


def _read_pool(cursor: Cursor) -> _Fields:
    """Numbers: side (0 is the whole input) and stride."""
    rows, columns, down, across, *paddings = (cursor.integer() for _ in range(6))
    if rows != columns or down != across or rows < 0 or down < 1 or any(paddings):
        raise cursor.wrong("a pooling layer that is not square or is padded")
    return (rows, down), _NONE


def _read_dense(cursor: Cursor) -> _Fields:
    """Numbers: outputs, inputs. Weights: one row an input."""
    outputs, inputs = cursor.integer(), cursor.integer()
    weights, matrix, biases = cursor.tensor(), cursor.alias(), cursor.alias()
    cursor.expect(1, "a dense layer's bias mode")  # 1 is none
    _skip_multipliers(cursor)
    if matrix != (inputs, outputs, 1, 1) or weights.size != inputs * outputs or math.prod(biases):
        raise cursor.wrong(f"a dense layer of {matrix} with {weights.size} weights")
    return (outputs, inputs), weights


def _read_nothing(_cursor: Cursor) -> _Fields:
    return (), _NONE


def _skip_multipliers(cursor: Cursor) -> None:
    for _ in range(4):  # learning rates and weight decays: training's
        cursor.number()


def _skip_training_state(cursor: Cursor, *, first: bool) -> None:
    if set(cursor.take(3)) - set(b"01"):
        raise cursor.wrong("a layer's flags are not 0 or 1")
    for _ in range(3):  # gradients and the last output: a published network has none
        if cursor.tensor().size:
            raise cursor.wrong("a layer holds the state of a training")
    if first:
        cursor.expect(1, "the sample expansion factor")


_READERS: dict[str, tuple[str, Callable[[Cursor], _Fields]]] = {
    "con_4": ("con", _read_convolution),
    "affine_": ("affine", _read_affine),
    "relu_": ("relu", _read_nothing),
    "max_pool_2": ("max_pool", _read_pool),
    "avg_pool_2": ("avg_pool", _read_pool),
    "add_prev_": ("add_prev", _read_nothing),
    "fc_2": ("fc", _read_dense),
}
