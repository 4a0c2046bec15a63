"""SentinelCam's tables as they come over the wire, pickled by any pandas from 1.0 to 3.x, read without pandas."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from deepthink.datasink import inert
from deepthink.datasink.inert import Made
from deepthink.errors import BadInputError

TYPES = frozenset({"i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "b1", "M8", "m8"})
UNITS = frozenset({"s", "ms", "us", "ns"})
MOST_ROWS = 10**6  # more than a day has
MOST_PARTS = 32  # columns, blocks of them, pieces of one; a table of ours has 8 columns


def read_table(content: bytes) -> list[dict[str, Any]]:
    """Read a pickled DataFrame as rows.

    Returns
    -------
    list of dict
        Text, int, float, bool, naive datetime, timedelta, or None where nothing is.

    Raises
    ------
    BadInputError
        It is not a pickle, holds something that no table needs, or is a table of a kind that is not known.
    """
    made = inert.read(content)
    try:
        columns = _columns(made)
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    except BadInputError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, MemoryError) as error:
        raise BadInputError(f"A table from the network cannot be read: {error}") from None


def _columns(made: Any) -> dict[str, list[Any]]:
    if not isinstance(made, Made) or made.name != "DataFrame":
        raise BadInputError("What came from the network is not a table.")
    if made.state is None:  # made by a call, as ours are
        return _called(*made.arguments)
    manager = made.state.get("_mgr", made.state.get("_data"))  # pandas 1.0 called it _data
    blocks, axes = _parts(manager)
    names = [str(name) for name in _few(_values(axes[0]))]
    columns: dict[int, list[Any]] = {}
    for values, places in _few(blocks):
        columns |= _placed(values, places, len(names))
    return {name: columns[number] for number, name in enumerate(names)}


def _called(
    data: Any = None, index: Any = None, columns: Sequence[Any] = (), dtype: Any = None
) -> dict[str, list[Any]]:
    if data is None:
        return {str(name): [] for name in _values(columns)}
    return {name: _values(values) for name, values in _few(data).items()}


def _few(parts: Any) -> Any:
    """Return parts that are few enough; each may stand for as many values as there are, were it of two bytes."""
    if len(parts) > MOST_PARTS:
        raise ValueError("it has more parts than a table of ours")
    return parts


def _parts(manager: Made) -> tuple[list[tuple[Any, Any]], Sequence[Any]]:
    """Return the blocks of a BlockManager, each with the places of its columns, and its axes."""
    if manager.state is None:
        blocks, axes = manager.arguments[:2]
        return [block.arguments[:2] for block in blocks], axes
    whole = manager.state[3]["0.14.1"]  # until pandas 1.2
    return [(block["values"], block["mgr_locs"]) for block in whole["blocks"]], whole["axes"]


def _placed(values: Any, places: Any, width: int) -> dict[int, list[Any]]:
    """Return a block's columns by their number."""
    if isinstance(places, Made) and places.name == "BlockPlacement":
        places = places.arguments[0]
    numbers = list(range(*places.indices(width))) if isinstance(places, slice) else [int(n) for n in _values(places)]
    rows = _rows(values)
    if len(rows) != len(numbers) or not all(0 <= number < width for number in numbers):
        raise ValueError("its columns are not where they should be")
    return dict(zip(numbers, rows, strict=True))


def _rows(values: Any) -> list[list[Any]]:
    """Return a block's columns: the rows of an array of two dimensions, or the one that an extension array is."""
    array = _array(values)
    return [_plain(row) for row in array] if array is not None and array.ndim == 2 else [_values(values)]


def _values(made: Any) -> list[Any]:
    """Return the values of anything one-dimensional."""
    if isinstance(made, list | tuple):
        if len(made) > MOST_ROWS:
            raise ValueError("it has more rows than a day has frames")
        return [_text(value) for value in made]
    array = _array(made)
    return _plain(array) if array is not None else KINDS[made.name](made)


def _array(made: Any) -> np.ndarray | None:
    """Return an array if that is what was made: one of NumPy, or one that pandas has wrapped."""
    if not isinstance(made, Made):
        return None
    if made.name == "__pyx_unpickle_NDArrayBacked":
        return next((array for part in made.state if (array := _array(part)) is not None), None)
    if made.name != "_reconstruct":
        return None
    _, shape, dtype, by_columns, raw = made.state
    if isinstance(raw, list):
        flat = np.empty(len(raw), object)
        flat[:] = [_text(value) for value in raw]
    else:
        flat = np.frombuffer(_bytes(raw), _dtype(dtype))
    if flat.size > MOST_ROWS * MOST_PARTS:
        raise ValueError("it has more values than a day has")
    return flat.reshape(shape, order="F" if by_columns else "C")


def _dtype(made: Made) -> np.dtype[Any]:
    """Return the NumPy type that a pickled one stands for, of those that tables have."""
    kind, order = _text(made.arguments[0]), made.state[1]
    if kind not in TYPES or order not in "<>|=":
        raise BadInputError(f"A table from the network holds numbers of type {kind!r}, which none of ours does.")
    unit = ""
    if kind in ("M8", "m8"):
        unit = made.state[8][1][0].decode()
        if unit not in UNITS:
            raise BadInputError(f"A table from the network holds times in {unit!r}.")
    return np.dtype(order.replace("|", "") + kind + (f"[{unit}]" if unit else ""))


def _plain(array: np.ndarray) -> list[Any]:
    if array.dtype.kind not in "Mm":
        return [_text(value) for value in array.tolist()] if array.dtype == object else array.tolist()
    micro = array.astype(f"{array.dtype.kind}8[us]")  # Python's times have no nanoseconds
    return [None if gone else value for value, gone in zip(micro.tolist(), np.isnat(array).tolist(), strict=True)]


def _text(value: Any) -> Any:
    """Return a value of an array of objects; what is neither text nor number is a missing one (NaN, NA)."""
    if isinstance(value, str | bool | int | datetime | timedelta):
        return value
    return None if not isinstance(value, float) or value != value else value


def _bytes(raw: Any) -> bytes:
    """Return the bytes behind what older protocols and Arrow wrap them in."""
    if isinstance(raw, Made):
        inner: Any = raw.arguments[0] if raw.arguments else b""
        return bytes(inner.encode("latin-1")) if raw.name == "encode" else _bytes(inner)
    return bytes(raw) if isinstance(raw, bytes | bytearray) else b""


def _index(made: Made) -> list[Any]:
    state = made.arguments[1]
    if "start" not in state:
        return _values(state["data"])
    numbers = range(state["start"], state["stop"], state["step"])
    if len(numbers) > MOST_ROWS:
        raise ValueError("it has more rows than a day has frames")
    return list(numbers)


def _nullable(made: Made) -> list[Any]:
    values, gone = _values(made.state["_data"]), _values(made.state["_mask"])
    return [None if absent else value for value, absent in zip(values, gone, strict=True)]


def _arrow_text(made: Made) -> list[Any]:
    """Return the texts of Arrow's layout: a bitmap of those present, where each begins, and all their bytes."""
    kept = made.state["_pa_array"] if isinstance(made.state, dict) else made.state[0]
    pieces = kept.arguments[0] if kept.name == "chunked_array" else [kept]
    return [text for piece in _few(pieces) for text in _arrow_piece(piece.arguments[0])]


def _arrow_piece(parts: Sequence[Any]) -> list[Any]:
    kind, length, _, offset, buffers = parts[:5]
    present, starts, text = (b"" if one is None else _bytes(one) for one in buffers)
    if not length:
        return []
    wide = "large_string" in (kind.name, *kind.arguments)
    begins = np.frombuffer(starts, np.int64 if wide else np.int32)[offset : offset + length + 1].tolist()
    if len(begins) != length + 1 or begins != sorted(begins):
        raise ValueError("a column of text is not what it says")
    here = np.unpackbits(np.frombuffer(present, np.uint8), bitorder="little")[offset:] if present else np.ones(length)
    spans = zip(begins[:-1], begins[1:], here, strict=False)
    return [text[begin:end].decode("utf-8", "replace") if filled else None for begin, end, filled in spans]


def _to_datetime(made: Made) -> list[Any]:
    return [datetime.fromisoformat(text) for text in made.arguments[0]]


def _to_timedelta(made: Made) -> list[Any]:
    return [timedelta(microseconds=number) for number in made.arguments[0]]


KINDS = {
    "_new_Index": _index,
    "IntegerArray": _nullable,
    "ArrowStringArray": _arrow_text,
    "ArrowStringArrayNumpySemantics": _arrow_text,
    "to_datetime": _to_datetime,
    "to_timedelta": _to_timedelta,
    "array": lambda made: _values(made.arguments[0]),
}
