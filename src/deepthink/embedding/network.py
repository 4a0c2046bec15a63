"""Reads the networks that dlib saves: every field checked, every byte accounted for.

dlib writes a network from the outside in: a version number for each layer around the next, down to the input, and then
each layer's own fields from the input out. Each layer ends with the state of its training, which must be empty here.

The format is that of dlib's own ``serialize`` functions (King 2009, "Dlib-ml: a machine learning toolkit", JMLR 10;
dlib 19, files ``dnn/core.h`` and ``dnn/layers.h``).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from deepthink.embedding.dat import Cursor

MAX_LAYERS, MAX_SIDE = 10_000, 4096
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
    rows, columns = cursor.integer(), cursor.integer()
    if not (0 < rows <= MAX_SIDE and 0 < columns <= MAX_SIDE):
        raise cursor.wrong(f"an input of {rows} by {columns}")
    return means, rows, columns


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
    filters, rows, columns, down, across, pad_down, pad_across = (cursor.integer() for _ in range(7))
    kernel, biases = cursor.alias(), cursor.alias()
    _skip_multipliers(cursor)
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
    if matrix != (inputs, outputs, 1, 1) or weights.size != inputs * outputs or 0 not in biases:
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
