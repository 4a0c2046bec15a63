"""Writes networks as Torch 7 does: enough of its format for small ones (each object numbered, little-endian)."""

from __future__ import annotations

import struct
from itertools import count

import numpy as np


class Torch7:
    """One file's objects; every one gets the next number."""

    def __init__(self):
        self._numbers = count(1)

    def module(self, kind, **fields):
        """Return the bytes of `nn.<kind>`, whose fields are bytes, numbers, truths, arrays or lists of modules."""
        return self._object(f"nn.{kind}", self._table([(_text(key), self._value(fields[key])) for key in fields]))

    def _value(self, value):
        if isinstance(value, bytes):
            return value
        if isinstance(value, bool):
            return struct.pack("<ii", 5, value)
        if isinstance(value, list):
            return self._table([(_number(place), module) for place, module in enumerate(value, 1)])
        return self._tensor(value) if isinstance(value, np.ndarray) else _number(value)

    def sizes(self, *lengths):
        """Return a LongStorage, which is how a View keeps its size."""
        return self._object("torch.LongStorage", struct.pack(f"<q{len(lengths)}q", len(lengths), *lengths))

    def _tensor(self, array):
        data = np.ascontiguousarray(array, np.float32)
        strides = [step // data.itemsize for step in data.strides]
        head = struct.pack(f"<i{2 * data.ndim + 1}q", data.ndim, *data.shape, *strides, 1)
        storage = self._object("torch.FloatStorage", struct.pack("<q", data.size) + data.tobytes())
        return self._object("torch.FloatTensor", head + storage)

    def _table(self, items):
        return struct.pack("<iii", 3, next(self._numbers), len(items)) + b"".join(key + value for key, value in items)

    def _object(self, kind, content):
        words = b"".join(struct.pack("<i", len(word)) + word.encode() for word in ("V 1", kind))
        return struct.pack("<ii", 4, next(self._numbers)) + words + content


def _number(value):
    return struct.pack("<id", 1, value)


def _text(value):
    return struct.pack("<ii", 2, len(value)) + value.encode()
