"""Names of other systems, as they can be carried here: the same one each time, and never one for two people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deepthink.curation.names import check_name, suggest_name
from deepthink.errors import BadNameError
from deepthink.records import UNKNOWN

_ROOM = 60  # characters, before a number that tells two apart


def is_nobody(name: str) -> bool:
    """Whether another system's name means that it does not know."""
    return name.casefold() in {"", UNKNOWN.casefold()}


def carried(names: Iterable[str], before: Mapping[str, str]) -> dict[str, str]:
    """Return, for each name, the one that SentinelCam's files can carry.

    Parameters
    ----------
    names : iterable of str
        As they are in the other system.
    before : mapping of str to str
        What earlier imports from there have made of them.

    Examples
    --------
    >>> carried(["Ann Lee", "Ann_Lee", "Bob"], {})
    {'Ann_Lee': 'Ann_Lee', 'Bob': 'Bob', 'Ann Lee': 'Ann_Lee_2'}
    """
    found = dict(before)
    wanted = sorted(set(names) - found.keys(), key=lambda name: (_plain(name) != name, name))
    for name in wanted:  # those that can stay as they are come first
        plain, taken, count = _plain(name), set(found.values()), 1
        while plain in taken:
            count += 1
            plain = f"{_plain(name)[:_ROOM]}_{count}"
        found[name] = plain
    return found


def _plain(name: str) -> str:
    try:
        return check_name(name)
    except BadNameError:
        return suggest_name(name)
