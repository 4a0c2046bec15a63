"""How versions are called: alpha, beta2, gamma3, and on."""

from __future__ import annotations

import re
from collections.abc import Iterable

from deepthink.errors import BadInputError

LETTERS = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "iota",
    "kappa",
    "lambda",
    "mu",
    "nu",
    "xi",
    "omicron",
    "pi",
    "rho",
    "sigma",
    "tau",
    "upsilon",
    "phi",
    "chi",
    "psi",
    "omega",
]
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def next_name(taken: Iterable[str]) -> str:
    """Return the first name in order that is not taken.

    Examples
    --------
    >>> next_name([]), next_name(["alpha", "beta2"])
    ('alpha', 'gamma3')
    """
    used = set(taken)
    number = 1
    while (name := _name(number)) in used:
        number += 1
    return name


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """Return a name that is not taken: a day with a number behind it, or the next of the letters.

    Examples
    --------
    >>> free_name("2026-03-02", ["2026-03-02", "2026-03-02-2"]), free_name("alpha", ["alpha"])
    ('2026-03-02-3', 'beta2')
    """
    used = set(taken)
    if wanted not in used:
        return wanted
    if not is_day(wanted):
        return next_name(used)
    number = 2
    while (name := f"{wanted}-{number}") in used:
        number += 1
    return name


def is_day(name: str) -> bool:
    """Whether a version is called by the day it was made, as SentinelCam's are."""
    return _DATE.fullmatch(name) is not None


def _name(number: int) -> str:
    letter = LETTERS[(number - 1) % len(LETTERS)]
    return letter if number == 1 else f"{letter}{number}"


def check_version(name: str) -> str:
    """Return a version's name if it can be a folder's and a git tag's; BadInputError otherwise."""
    if not _VERSION.fullmatch(name) or name.endswith((".", ".lock")) or ".." in name:
        raise BadInputError(f"{name!r} cannot be a version's name: use letters, digits, '.', '_' and '-'.")
    return name
