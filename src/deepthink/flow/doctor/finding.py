"""What a check finds, and how harmful that is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

HERE = "here"


class Harm(StrEnum):
    """How bad a finding is, the worst first."""

    HARMFUL = "harmful"  # something does not work, or will soon not
    UNKNOWN = "unknown"  # it could not be looked at
    NOTICE = "notice"  # it works, and somebody should know
    FINE = "fine"


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    harm: Harm
    found: str  # a sentence
    next: str = ""  # what to do; empty where there is nothing to do
    name: str = ""  # of the check
    where: str = HERE  # this machine, or a target's name


def fine(found: str) -> Finding:
    """Return that all is well."""
    return Finding(Harm.FINE, found)


def notice(found: str, then: str) -> Finding:
    """Return something that works, and that somebody should know."""
    return Finding(Harm.NOTICE, found, then)


def harmful(found: str, then: str) -> Finding:
    """Return something that does not work, or will soon not."""
    return Finding(Harm.HARMFUL, found, then)


def unknown(found: str, then: str = "") -> Finding:
    """Return that something could not be looked at."""
    return Finding(Harm.UNKNOWN, found, then)


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings in order of harm; of those alike this machine's first, and each target's together.

    Examples
    --------
    >>> [one.found for one in worst_first([fine("a clock"), harmful("a full disk", "remove something")])]
    ['a full disk', 'a clock']
    """
    order = list(Harm)
    return sorted(findings, key=lambda one: (order.index(one.harm), one.where != HERE, one.where))


def together(findings: Iterable[Finding], otherwise: str) -> Finding:
    """Return several findings of one check as one: as bad as the worst, each said; fine where there are none."""
    found = worst_first(findings)
    if not found:
        return fine(otherwise)
    then = dict.fromkeys(one.next for one in found if one.next)
    return Finding(found[0].harm, "; ".join(one.found for one in found), "; ".join(then))
