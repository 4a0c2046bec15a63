"""Numba's compiler as the solver uses it: no GIL, vectorised sums, and a cache that is never stale.

Numba keeps compiled code beside each source file and renews it when *that* file changes, not when a file it calls
does. Here the cache's folder is named after the contents of every compiled module, so an edit to one renews all. The
folder is under ``NUMBA_CACHE_DIR``, else in the user's cache; where neither can be written the code is compiled
anew in each process.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba

CONFIG: Any = numba.config
MODULES = ("compiled.py", "clock.py", "kernels.py", "solver.py", "pairs.py")
# All of fast maths but one: not-a-number and infinity are checked for on the way in, and signed zeros mean nothing.
FAST = {"nnan", "ninf", "nsz", "arcp", "contract", "afn", "reassoc"}


def compiled(function: Callable[..., Any]) -> Any:
    """Compile `function` on its first call, or load what an earlier process compiled."""
    options: dict[str, Any] = {"nogil": True, "fastmath": FAST, "boundscheck": False}
    before = CONFIG.CACHE_DIR
    try:
        CONFIG.CACHE_DIR = str(cache_folder())
        return numba.njit(cache=True, **options)(function)
    except (OSError, RuntimeError):  # no folder of the cache can be written
        return numba.njit(**options)(function)
    finally:
        CONFIG.CACHE_DIR = before


@cache
def cache_folder() -> Path:
    """Where the code compiled from the present sources is kept."""
    here = Path(__file__).parent
    digest = hashlib.sha256(b"".join((here / name).read_bytes() for name in MODULES)).hexdigest()
    base = CONFIG.CACHE_DIR or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "deepthink" / "numba" / digest[:16]
