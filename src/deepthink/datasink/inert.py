"""Reads a pickle without running any of it: what it would call is written down instead.

A pickle is a program for the reader, so that whoever can answer for a datasink could run anything here
(docs/formats.md, B20). This reader knows the few names that tables of pandas and NumPy consist of, of all their
versions, and makes an inert `Made` of each: name, arguments, state. Neither library is asked, so that pandas need not
be installed, nor either be trusted with bytes from a network. Every other name is refused.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from datetime import datetime
from typing import Any

from deepthink.errors import BadInputError

NUMPY = {"ndarray", "dtype", "_reconstruct", "scalar", "_frombuffer"}
PANDAS = {
    *("DataFrame", "BlockManager", "Index", "Int64Index", "RangeIndex", "_new_Index", "_unpickle_block"),
    *("__pyx_unpickle_NDArrayBacked", "BlockPlacement", "new_block", "DatetimeArray", "TimedeltaArray"),
    *("IntegerArray", "Int64Dtype", "StringArray", "StringArrayNumpySemantics", "ArrowStringArray", "StringDtype"),
    *("ArrowStringArrayNumpySemantics", "NumpyStringArray", "to_datetime", "to_timedelta", "array"),
}
ARROW = {"_restore_array", "type_for_alias", "py_buffer", "chunked_array", "string", "large_string"}
NAMES = {"numpy": NUMPY, "pandas": PANDAS, "pyarrow": ARROW, "builtins": {"slice", "bytearray"}, "_codecs": {"encode"}}
SETS = (pickle.EMPTY_SET[0], pickle.ADDITEMS[0], pickle.FROZENSET[0])
AS_THEY_ARE: dict[tuple[str, str], Any] = {("builtins", "slice"): slice, ("datetime", "datetime"): datetime}


class Made:
    """What a pickle would have made: of which name, with which arguments, and the state it was given."""

    name: str
    arguments: tuple[Any, ...]
    state: Any

    def __new__(cls, *arguments: Any) -> Made:  # a pickle makes objects by it too
        """Take note of the arguments."""
        made = object.__new__(cls)
        made.arguments, made.state = arguments, None
        return made

    def __init__(self, *arguments: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        """Take note of the state."""
        self.state = state


def _with_text_for_keys(code: int, keys: slice) -> Callable[[Any], None]:
    """Return a step of the reader that refuses other keys than text."""
    load = pickle._Unpickler.dispatch[code]

    def checked(reader: Any) -> None:
        if not all(type(key) is str for key in reader.stack[keys]):
            raise BadInputError("A pickle from the network has keys that are not text: refused.")
        load(reader)

    return checked


class Reader(pickle._Unpickler):
    """The standard library's reader in Python: the one in C can be told to set aside more memory than there is.

    Nothing but text is hashed: the hash of a tuple of tuples, each twice in the next, takes for ever from 50 on, and
    numbers can be chosen so that all of them have the same.
    """

    dispatch = {code: load for code, load in pickle._Unpickler.dispatch.items() if code not in SETS} | {
        pickle.SETITEM[0]: _with_text_for_keys(pickle.SETITEM[0], slice(-2, -1)),
        pickle.SETITEMS[0]: _with_text_for_keys(pickle.SETITEMS[0], slice(0, None, 2)),
        pickle.DICT[0]: _with_text_for_keys(pickle.DICT[0], slice(0, None, 2)),
    }

    def find_class(self, module: str, name: str) -> Any:
        """Return what stands for a name.

        Raises
        ------
        BadInputError
            It is not one that tables consist of.
        """
        if (module, name) in AS_THEY_ARE:
            return AS_THEY_ARE[module, name]
        if name not in NAMES.get(module.partition(".")[0], ()):
            raise BadInputError(f"A pickle from the network asks for {module}.{name}, which no table needs: refused.")
        return type(name, (Made,), {"name": name})

    def persistent_load(self, pid: Any) -> Any:
        """Refuse: tables have no persistent parts."""
        raise BadInputError("A pickle from the network asks for something that is stored elsewhere: refused.")


def read(content: bytes) -> Any:
    """Return what a pickle holds: plain values, datetimes, and `Made` for everything else.

    Raises
    ------
    BadInputError
        It asks for a name that no table needs, or is not a pickle.

    Examples
    --------
    >>> read(pickle.dumps([datetime(2026, 3, 2)]))
    [datetime.datetime(2026, 3, 2, 0, 0)]
    >>> import os
    >>> read(pickle.dumps(os.system))
    Traceback (most recent call last):
    deepthink.errors.BadInputError: A pickle from the network asks for posix.system, which no table needs: refused.
    """
    try:
        return Reader(io.BytesIO(content)).load()
    except BadInputError:
        raise
    except (Exception, RecursionError) as error:  # a pickle that is no pickle fails in any way it likes
        raise BadInputError(f"What came from the network is not a pickle: {type(error).__name__}: {error}") from None
