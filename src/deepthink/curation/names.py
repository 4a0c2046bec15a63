"""Which names SentinelCam's files can carry."""

from __future__ import annotations

import re
import unicodedata

from deepthink.errors import BadNameError
from deepthink.records import UNKNOWN

# Words that pandas reads as a missing value, so that a person of that name vanishes from the facelist.
_MISSING = {
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "n/a", "nan", "null",
}  # fmt: skip
_FORBIDDEN = re.compile(r"[\s:,|()/\\\"<>\x00-\x1f\x7f]")
_LONGEST = 64


def check_name(name: str) -> str:
    """Return a person's name if SentinelCam's labels, CSV files and HDF5 paths can carry it.

    Raises
    ------
    BadNameError
        It cannot; the error carries a name that can.

    Examples
    --------
    >>> check_name("Ann_Lee")
    'Ann_Lee'
    """
    why = _why_not(name)
    if why:
        raise BadNameError(name[:_LONGEST], why, suggest_name(name))
    return name


def _why_not(name: str) -> str:
    if name.casefold() == UNKNOWN.casefold():
        return "it is reserved for strangers"
    if name in _MISSING or name in {".", ".."}:
        return "it reads as a missing value"
    if len(name) > _LONGEST:
        return f"it is longer than {_LONGEST} characters"
    bad = _FORBIDDEN.search(name)
    if bad:
        return f"{bad.group()!r} cannot be in a name"
    return "" if name.isprintable() else "it holds characters that cannot be shown"


def suggest_name(name: str) -> str:
    """Return the nearest name that can be carried.

    Examples
    --------
    >>> suggest_name("Ann Lee: (mum)")
    'Ann_Lee_mum'
    """
    plain = unicodedata.normalize("NFKC", name)
    shown = "".join(letter for letter in plain if letter.isprintable())
    joined = re.sub(r"_+", "_", _FORBIDDEN.sub("_", shown)).strip("_.")[:_LONGEST]
    return joined if joined and not _why_not(joined) else f"Person_{joined or 'A'}"[:_LONGEST]
