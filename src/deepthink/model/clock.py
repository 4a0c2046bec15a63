"""The time that this thread has computed, for compiled code: what of a search each candidate took."""

from __future__ import annotations

import time

import numpy as np
from numba import types

from deepthink.model.compiled import compiled

CLOCK = getattr(time, "CLOCK_THREAD_CPUTIME_ID", None)  # Windows has none
_read = types.ExternalFunction("clock_gettime", types.int32(types.int32, types.voidptr))


def _seconds():  # type: ignore[no-untyped-def]  # compiled
    """CPU seconds; a system call of a third of a microsecond."""
    found = np.zeros(2, np.intp)
    _read(CLOCK, found.ctypes)
    return found[0] + 1e-9 * found[1]


def _none():  # type: ignore[no-untyped-def]  # compiled
    return 0.0


cpu_seconds = compiled(_none if CLOCK is None else _seconds)
