"""The simulated reviewer: applies the truth file's names through the same functions as a person's commands.

It is the one place where a simulated person acts; no step of the road reads the truth file except validation.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from deepthink.curation import review
from deepthink.curation.facelist import Facelist, Row, Status
from deepthink.errors import BadInputError
from deepthink.flow.truth import Presence, read_truth
from deepthink.flow.wiring import Site
from deepthink.records import Box

WHO = "simulated reviewer"
Moment = tuple[str, str, datetime]
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
    waiting: dict[Moment, dict[int, Row]] = {}
    for number, row in Facelist(site.facelist, site.datasink.problems).rows.items():
        if row.status == Status.CANDIDATE:
            waiting.setdefault((row.frame.date, row.frame.event, row.frame.time), {})[number] = row
    decisions: dict[Decision, list[int]] = {}
    frames = _by_frame(site)
    for moment, rows in waiting.items():
        for number, decision in _decide(rows, frames.get(moment, [])).items():
            decisions.setdefault(decision, []).append(number)
    for (verb, name), numbers in sorted(decisions.items()):
        _act(site, verb, name, numbers)
    return {
        verb: sum(len(n) for (v, _), n in decisions.items() if v == verb) for verb in ("accept", "stranger", "remove")
    }


def _by_frame(site: Site) -> dict[Moment, list[Presence]]:
    assert site.truth is not None
    frames: dict[Moment, list[Presence]] = {}
    for presence in read_truth(site.truth):
        frames.setdefault((presence.date, presence.event, presence.time), []).append(presence)
    return frames


def _decide(rows: dict[int, Row], there: list[Presence]) -> dict[int, Decision]:
    """Give each person in a frame the face nearest to the middle of their box; other faces are nobody's we know.

    A photograph may show others in the background, and a detector finds faces where there are none.
    """
    decisions: dict[int, Decision] = dict.fromkeys(rows, ("remove", ""))
    for presence in (one for one in there if one.facing):
        inside = [number for number, row in rows.items() if _within(row.box, presence.box)]
        if inside:
            nearest = min(inside, key=lambda number: _apart(rows[number].box, presence.box))
            decisions[nearest] = ("accept", presence.person) if presence.resident else ("stranger", "")
    return decisions


def _within(face: Box, person: Box) -> bool:
    x, y = (face.x1 + face.x2) / 2, (face.y1 + face.y2) / 2
    return person.x1 <= x < person.x2 and person.y1 <= y < person.y2


def _apart(face: Box, person: Box) -> float:
    across = (face.x1 + face.x2 - person.x1 - person.x2) / 2
    down = (face.y1 + face.y2 - person.y1 - person.y2) / 2
    return across * across + down * down


def _act(site: Site, verb: str, name: str, numbers: list[int]) -> None:
    if verb == "accept":
        review.accept(site.facelist, numbers, name, WHO)
    elif verb == "stranger":
        review.stranger(site.facelist, numbers, WHO)
    else:
        review.remove(site.facelist, numbers, WHO)
