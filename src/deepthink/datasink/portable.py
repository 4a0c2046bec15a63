"""Tables as pickles that need no pandas to write, and that any pandas from 1.0 to 3.x loads with the same types.

A pickled DataFrame names the private modules of the pandas and NumPy that wrote it: SentinelCam's own DataPump on
pandas 3 cannot be read by its clients on pandas 2 (docs/formats.md, 1.2). A pickle is a small program, so this one only
calls public functions, `pandas.DataFrame({...}, index)` and its like, and carries plain lists.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

PROTOCOL = 4  # SentinelCam's; the pieces are of protocol 3, which has no frames and so can stand within others


@dataclass(frozen=True)
class Call:
    """A call that the reader makes: `module.name(*arguments)`."""

    module: str
    name: str
    arguments: tuple[Any, ...]


def dumps(content: Any) -> bytes:
    """Write a pickle in which every `Call` within lists of arguments and dictionaries is made by the reader.

    Examples
    --------
    >>> pickle.loads(dumps(Call("datetime", "date", (2026, 3, 2))))
    datetime.date(2026, 3, 2)
    """
    return pickle.PROTO + bytes([PROTOCOL]) + _code(content) + pickle.STOP


def _code(content: Any) -> bytes:
    if isinstance(content, Call):
        name = f"{content.module}\n{content.name}\n".encode("ascii")
        return pickle.GLOBAL + name + _tuple(content.arguments) + pickle.REDUCE
    if isinstance(content, dict):
        items = b"".join(_code(key) + _code(value) for key, value in content.items())
        return pickle.EMPTY_DICT + pickle.MARK + items + pickle.SETITEMS
    return _plain(content)


def _tuple(items: Sequence[Any]) -> bytes:
    return pickle.MARK + b"".join(_code(item) for item in items) + pickle.TUPLE


def _plain(content: Any) -> bytes:
    """Write lists, numbers and text without a memo, whose numbering would be another piece's too."""
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, 3)
    pickler.fast = True
    pickler.dump(content)
    return stream.getvalue()[2:-1]  # without its protocol and its stop


def frame(columns: dict[str, Any], index: list[int]) -> Call:
    """Return a DataFrame of columns, whose rows have these numbers."""
    return Call("pandas", "DataFrame", (columns, index))


def no_frame(columns: Sequence[str]) -> Call:
    """Return a DataFrame without rows, all of whose columns hold objects."""
    return Call("pandas", "DataFrame", (None, None, list(columns), "object"))


def times(values: list[str]) -> Call:
    """Return a column of times, ISO 8601 with six digits of the fraction."""
    return Call("pandas", "to_datetime", (values,))


def spans(microseconds: list[int]) -> Call:
    """Return a column of lengths of time."""
    return Call("pandas", "to_timedelta", (microseconds, "us"))


def integers(values: list[int | None]) -> Call:
    """Return a column of whole numbers of which some may be missing."""
    return Call("pandas", "array", (values, "Int64"))
