"""The lanes of the review: which row stands where, how many stand there, and which of them are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from deepthink.curation.facelist import Facelist, Row, Status
from deepthink.curation.sweep import lane as lane_of_candidate
from deepthink.errors import BadInputError
from deepthink.records import UNKNOWN

WAITING = ("confident", "borderline", "unknown")  # for somebody's decision
FAULTS = "faults"
LANES = (*WAITING, "enrolled", FAULTS, "gallery", "strangers", "revoked")
QUEUE = "queue"  # all that waits, by what a model would learn from it
NIGHT = (*range(20, 24), *range(6))  # hours
SMALL, SHARP = 80, 20.0  # pixels, focus
QUALITIES: dict[str, Callable[[Row], bool]] = {
    "small": lambda row: min(row.box.width, row.box.height) < SMALL,
    "large": lambda row: min(row.box.width, row.box.height) >= SMALL,
    "blurred": lambda row: row.focus < SHARP,
    "sharp": lambda row: row.focus >= SHARP,
    "night": lambda row: row.frame.time.hour in NIGHT,
    "day": lambda row: row.frame.time.hour not in NIGHT,
}


@dataclass(frozen=True)
class Filter:
    """Which rows are asked for; what is empty asks for all."""

    camera: str = ""
    day: str = ""
    person: str = ""
    quality: str = ""

    def __post_init__(self) -> None:
        if self.quality and self.quality not in QUALITIES:
            raise BadInputError(f"There is no quality {self.quality[:40]!r}. Known: {', '.join(QUALITIES)}.")

    def __bool__(self) -> bool:
        return bool(self.camera or self.day or self.person or self.quality)

    def admits(self, row: Row, camera: Callable[[Row], str]) -> bool:
        """Whether a row is asked for."""
        return (
            (not self.day or row.frame.date == self.day)
            and (not self.person or row.name == self.person)
            and (not self.quality or QUALITIES[self.quality](row))
            and (not self.camera or camera(row) == self.camera)
        )


class Board:
    """All rows of a facelist by lane, kept up row by row.

    Parameters
    ----------
    probability, distance : float
        More, and less, than these: a candidate is in the confident lane.
    camera : callable, optional
        Returns the camera that a row comes from.
    """

    def __init__(
        self, probability: float = 0.99, distance: float = 0.65, camera: Callable[[Row], str] = lambda row: ""
    ) -> None:
        self.probability, self.distance, self.camera = probability, distance, camera
        self.rows: dict[int, Row] = {}
        self.lanes: dict[str, dict[int, None]] = {lane: {} for lane in LANES}  # ordered sets
        self.people: dict[str, set[int]] = {}  # the enrolled rows of everybody
        self._where: dict[int, str] = {}

    def lane_of(self, row: Row) -> str:
        """Return where a row stands."""
        if row.status == Status.CANDIDATE:
            return lane_of_candidate(row, self.probability, self.distance)
        if row.status == Status.SELECTED:
            return "enrolled"
        if row.status == Status.IN_USE:
            return "gallery"
        return "strangers" if row.stranger else "revoked"

    def read(self, facelist: Facelist) -> list[int]:
        """Take over a facelist; returns the numbers of the rows that are not what they were."""
        rows = facelist.rows
        changed = [number for number, row in rows.items() if self.rows.get(number) is not row]
        for number in self.rows.keys() - rows.keys():
            self._leave(number)
        for number in changed:
            self.put(number, rows[number])
        return changed

    def put(self, number: int, row: Row) -> None:
        """Let a row be what it is by now."""
        self._leave(number)
        lane = self.lane_of(row)
        self.rows[number], self._where[number] = row, lane
        self.lanes[lane][number] = None
        if row.enrolled:
            self.people.setdefault(row.name, set()).add(number)

    def _leave(self, number: int) -> None:
        old = self.rows.pop(number, None)
        if old is None:
            return
        self.lanes[self._where.pop(number)].pop(number, None)
        if old.enrolled:
            self.people[old.name].discard(number)
            if not self.people[old.name]:
                del self.people[old.name]

    def suspect(self, numbers: Iterable[int]) -> None:
        """Let the lane of faults hold these rows, beside the lanes they stand in."""
        self.lanes[FAULTS] = {number: None for number in numbers if number in self.rows}

    def where(self, number: int) -> str:
        """Return the lane of a row, empty when there is no such row."""
        return self._where.get(number, "")

    def waiting(self) -> int:
        """Return how many rows wait for a decision."""
        return sum(len(self.lanes[lane]) for lane in WAITING)

    def inside(self, lane: str, wanted: Filter = Filter()) -> list[int]:
        """Return the rows of a lane, or of the queue, that are asked for.

        Raises
        ------
        BadInputError
            There is no such lane.
        """
        if lane != QUEUE and lane not in self.lanes:
            raise BadInputError(f"There is no lane {lane[:40]!r}. Known: {', '.join((QUEUE, *LANES))}.")
        lanes = WAITING if lane == QUEUE else (lane,)
        numbers = [number for one in lanes for number in self.lanes[one]]
        return [n for n in numbers if wanted.admits(self.rows[n], self.camera)] if wanted else numbers

    def counts(self, wanted: Filter = Filter()) -> dict[str, int]:
        """Return how many rows of each lane are asked for."""
        return {lane: len(self.inside(lane, wanted)) if wanted else len(self.lanes[lane]) for lane in LANES}

    def names(self) -> list[str]:
        """Return everybody who is enrolled, sorted."""
        return sorted(name for name in self.people if name != UNKNOWN)
