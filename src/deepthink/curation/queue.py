"""What to look at first: the waiting faces as cards, each about one person, ranked by what a model would learn."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from deepthink.curation.facelist import Row
from deepthink.curation.groups import ALONE, Near
from deepthink.curation.lanes import FAULTS, NIGHT, WAITING, Board
from deepthink.curation.notes import Notes
from deepthink.curation.progress import ENOUGH, Standing
from deepthink.records import UNKNOWN

MOST = 48  # faces of a card: as many as can be looked over at once
DOUBT = 2.0  # what it is worth that classifier and distance disagree
Key = tuple[str, ...]


@dataclass(frozen=True)
class Card:
    """Faces that are decided together."""

    id: str  # its lane and its first row, "unknown-12"
    lane: str
    kind: str  # "person", "doubt", "group", "perhaps", "alone", "event", "fault"
    rows: tuple[int, ...]  # the least alike first
    person: str  # whom the lane proposes; empty when a group's own suggestion is to be asked for
    reasons: tuple[str, ...]
    gain: float

    @property
    def first(self) -> int:
        """The row that it is called by."""
        return int(self.id.rpartition("-")[2])


@dataclass
class Sight:
    """What embeddings say of the rows; empty as long as there are none."""

    groups: dict[int, int] = field(default_factory=dict)  # the unknown rows that could be compared
    nearest: Callable[[int], Near | None] = lambda number: None  # who a row probably is, those refused left out
    oddness: Callable[[Sequence[int]], dict[int, float]] = lambda numbers: {}  # how far each is from the others


def proposed(row: Row, number: int, notes: Notes) -> str:
    """Return whom recognition takes a row for; empty when nobody, or somebody that it has been said not to be."""
    person = notes.person(row.name)
    return "" if person == UNKNOWN or person in notes.refused.get(number, ()) else person


def deal(
    board: Board,
    lane: str,
    rows: Iterable[int],
    sight: Sight,
    notes: Notes,
    standing: Callable[[str], Standing],
    faults: dict[int, str] | None = None,
) -> list[Card]:
    """Lay the rows of a lane, or of the queue, out as cards, the most worth first.

    Parameters
    ----------
    board : Board
    lane : str
        A lane, or "queue": then each card is of the lane its rows stand in.
    rows : iterable of int
        Those that are asked for.
    sight : Sight
    notes : Notes
    standing : callable
        Returns what the next training would have of somebody.
    faults : mapping of int to str, optional
        Why rows are suspected.
    """
    if lane == FAULTS:
        return _faults(board, rows, faults or {})
    gathered: dict[tuple[str, str, str, Key], list[int]] = {}
    for number in rows:
        where = board.where(number)
        kind, person, key = _kind(board.rows[number], number, where, sight, notes)
        gathered.setdefault((where, kind, person, key), []).append(number)
    cards = [
        _card(board, where, kind, person, part, standing)
        for (where, kind, person, _), own in gathered.items()
        for part in _parts(board, where, kind, own, sight)
    ]
    return sorted(cards, key=lambda card: (-card.gain, card.first))


def _kind(row: Row, number: int, lane: str, sight: Sight, notes: Notes) -> tuple[str, str, Key]:
    """Return what kind of card a row goes on, whom that is about, and what else must be alike."""
    if lane not in WAITING:
        return "person", row.name, ()
    person, near = proposed(row, number, notes), sight.nearest(number)
    if person:
        doubted = near is not None and near.person != person
        return ("doubt", person, (near.person,)) if near and doubted else ("person", person, ())
    if near:
        return "perhaps", near.person, ()
    if sight.groups.get(number, ALONE) != ALONE:
        return "group", "", (str(sight.groups[number]),)
    if number in sight.groups:
        return "alone", "", ()
    return "event", "", (row.frame.date, row.frame.event, str(row.objid))


def _parts(board: Board, lane: str, kind: str, numbers: list[int], sight: Sight) -> list[list[int]]:
    """Cut rows into cards; faces that are alike come together, and of a card the oddest come first."""
    if lane not in WAITING or kind == "alone":
        ordered = sorted(numbers, key=lambda number: board.rows[number].frame)
        return [ordered[start : start + MOST] for start in range(0, len(ordered), MOST)]
    odd = sight.oddness(numbers)
    ordered = sorted(numbers, key=lambda number: (odd.get(number, 0.0), number))
    parts = [ordered[start : start + MOST] for start in range(0, len(ordered), MOST)]
    return [part[::-1] for part in parts]


def _card(
    board: Board, lane: str, kind: str, person: str, rows: list[int], standing: Callable[[str], Standing]
) -> Card:
    events = len({(board.rows[n].frame.date, board.rows[n].frame.event) for n in rows})
    gain, reasons = 0.1 * math.log2(1 + len(rows)), [_size(kind, len(rows), events)]
    if kind == "doubt":
        gain += DOUBT
    if kind == "group":
        gain += min(events, ENOUGH)
    if kind in ("person", "doubt", "perhaps") and lane in WAITING:
        gain, reasons = _worth(gain, reasons, standing(person), events, [board.rows[n] for n in rows])
    if lane == "borderline":
        unsure = sum(1 - abs(2 * board.rows[n].probability - 1) for n in rows) / len(rows)
        gain += 0.5 + unsure
        reasons.append("probability or distance leave room for doubt")
    return Card(f"{lane}-{min(rows)}", lane, kind, tuple(rows), person, tuple(reasons), gain)


def _size(kind: str, faces: int, events: int) -> str:
    what = f"{faces} face{'s' * (faces != 1)} of {events} event{'s' * (events != 1)}"
    return {
        "group": f"{what} that look like one person",
        "perhaps": f"{what} that are near to somebody you know",
        "alone": f"{what} that are like nobody else",
        "event": f"{what}, not compared with others yet",
        "doubt": f"{what}: recognition says one name, their distance another",
    }.get(kind, what)


def _worth(gain: float, reasons: list[str], has: Standing, events: int, rows: Sequence[Row]) -> tuple[float, list[str]]:
    """Add what a person lacks, and what these faces would bring of it."""
    if has.missing:
        gain += min(events, has.missing)
        reasons.append(f"{has.person} has {has.events} of {ENOUGH} events")
    if not has.night and any(_by_night(row) for row in rows):
        gain += 1.0
        reasons.append(f"{has.person} has no face by night yet")
    return gain, reasons


def _by_night(row: Row) -> bool:
    return row.frame.time.hour in NIGHT


def _faults(board: Board, rows: Iterable[int], why: dict[int, str]) -> list[Card]:
    gathered: dict[tuple[str, str], list[int]] = {}
    for number in rows:
        gathered.setdefault((board.rows[number].name, why.get(number, "")), []).append(number)
    parts = [
        (name, reason, own[start : start + MOST])
        for (name, reason), own in gathered.items()
        for start in range(0, len(own), MOST)
    ]
    return [
        Card(f"{FAULTS}-{min(own)}", FAULTS, "fault", tuple(own), name, (reason,) if reason else (), DOUBT)
        for name, reason, own in parts
    ]
