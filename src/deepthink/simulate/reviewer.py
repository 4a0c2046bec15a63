"""The simulated reviewer: applies the truth file's names through the same functions as a person's commands.

It is the one place where a simulated person acts; no step of the road reads the truth file except validation.
"""

from __future__ import annotations

from typing import Any

from deepthink.curation import review
from deepthink.curation.facelist import Facelist, Row, Status
from deepthink.errors import BadInputError
from deepthink.flow.truth import Presence, read_truth
from deepthink.flow.wiring import Site

WHO = "simulated reviewer"
Decision = tuple[str, str]  # what to do, and under which name


def review_by_truth(site: Site) -> dict[str, Any]:
    """Decide every candidate row as someone would who knows everybody.

    Returns
    -------
    dict
        Rows accepted, strangers, and removed because nobody was there.

    Raises
    ------
    BadInputError
        The site has no truth file.
    """
    if site.truth is None:
        raise BadInputError("This site has no truth file: a person must review it, with deepthink review.")
    frames = _by_frame(site)
    decisions: dict[Decision, list[int]] = {}
    for number, row in Facelist(site.facelist, site.datasink.problems).rows.items():
        if row.status == Status.CANDIDATE:
            decisions.setdefault(_decide(row, frames), []).append(number)
    for (verb, name), numbers in sorted(decisions.items()):
        _act(site, verb, name, numbers)
    return {verb: sum(len(n) for (v, _), n in decisions.items() if v == verb) for verb in ("accept", "stranger", "remove")}


def _by_frame(site: Site) -> dict[tuple[str, str, str], list[Presence]]:
    assert site.truth is not None
    frames: dict[tuple[str, str, str], list[Presence]] = {}
    for presence in read_truth(site.truth):
        frames.setdefault((presence.date, presence.event, presence.time.isoformat()), []).append(presence)
    return frames


def _decide(row: Row, frames: dict[tuple[str, str, str], list[Presence]]) -> Decision:
    """Find whose face a box shows: that of the person whose box its centre is in, the nearest where two overlap."""
    there = frames.get((row.frame.date, row.frame.event, row.frame.time.isoformat()), [])
    x, y = (row.box.x1 + row.box.x2) / 2, (row.box.y1 + row.box.y2) / 2
    around = [one for one in there if one.box.x1 <= x < one.box.x2 and one.box.y1 <= y < one.box.y2 and one.facing]
    if not around:
        return "remove", ""
    nearest = min(around, key=lambda one: abs((one.box.x1 + one.box.x2) / 2 - x))
    return ("accept", nearest.person) if nearest.resident else ("stranger", "")


def _act(site: Site, verb: str, name: str, numbers: list[int]) -> None:
    if verb == "accept":
        review.accept(site.facelist, numbers, name, WHO)
    elif verb == "stranger":
        review.stranger(site.facelist, numbers, WHO)
    else:
        review.remove(site.facelist, numbers, WHO)
