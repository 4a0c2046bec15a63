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


def _name(number: int) -> str:
    letter = LETTERS[(number - 1) % len(LETTERS)]
    return letter if number == 1 else f"{letter}{number}"


def check_version(name: str) -> str:
    """Return a version's name if it can be a folder's and a git tag's; BadInputError otherwise."""
    if not _VERSION.fullmatch(name) or name.endswith((".", ".lock")) or ".." in name:
        raise BadInputError(f"{name!r} cannot be a version's name: use letters, digits, '.', '_' and '-'.")
    return name
