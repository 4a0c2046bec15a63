"""Contact sheets of a site's faces by person, lane, day or group, drawn into its folder of montages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from deepthink.curation.facelist import Facelist, Row
from deepthink.curation.lanes import QUEUE, Board, Filter
from deepthink.curation.montage import Sheet, grouped, montages
from deepthink.curation.people import People
from deepthink.curation.review import select
from deepthink.errors import BadInputError
from deepthink.flow.desk import Desk, Hand
from deepthink.flow.look import called, frames
from deepthink.flow.wiring import Site
from deepthink.records import Progress

WAYS = ("person", "lane", "day", "group")
ALONE = "alone"  # the title of the faces that are like no others


@dataclass(frozen=True)
class Drawn:
    """A contact sheet, and where it is kept."""

    sheet: Sheet
    path: Path
    faces: int  # in its group, on this sheet and others


@dataclass(frozen=True)
class Choice:
    """Rows to draw, by title."""

    rows: dict[int, Row]
    titled: dict[str, list[int]]


def choose(
    site: Site, by: str, selectors: Iterable[str] = ("all",), progress: Progress = lambda done, total, what: None
) -> Choice:
    """Sort the selected rows of a site's facelist.

    Parameters
    ----------
    site : Site
    by : str
        `person`, `lane` (of the review), `day`, or `group`: those that wait, each group probably of one person.
    selectors : iterable of str, optional
        As for `review.select`.
    progress : callable, optional
        Told of the faces that must be looked at before they can be grouped.

    Raises
    ------
    BadInputError
        There is no such way to sort them, or a selector is not understood.
    """
    if by not in WAYS:
        raise BadInputError(f"Contact sheets can be drawn by {', '.join(WAYS)}, not by {by[:40]!r}.")
    rows = Facelist(site.facelist, site.datasink.problems).rows
    wanted = {number: rows[number] for number in select(rows, selectors)}
    groups = _groups(site, progress, wanted) if by == "group" else _sorted(site, by, wanted)
    return Choice(wanted, {f"{by}: {title}": members for title, members in groups.items()})


def draw(site: Site, choice: Choice, most: int | None = None) -> Iterator[Drawn]:
    """Draw what was chosen, as PNG files <by>-<which>-<page>.png; at most so many sheets of each, the first ones."""
    folder, named = site.settings.path(site.settings.montages), People(site.facelist).shown
    for sheet, path in montages(choice.titled, choice.rows, frames(site), folder, named, most):
        yield Drawn(sheet, path, len(choice.titled[sheet.title]))


def _sorted(site: Site, by: str, rows: Mapping[int, Row]) -> dict[str, list[int]]:
    rules = site.settings.sweep
    if by == "lane":
        return grouped(rows, Board(rules.confident_probability, rules.confident_distance).lane_of)
    if by == "day":
        return grouped(rows, lambda row: row.frame.date)
    shown = People(site.facelist).all()
    return grouped(rows, lambda row: called(row.name, shown))


def _groups(site: Site, progress: Progress, rows: Mapping[int, Row]) -> dict[str, list[int]]:
    """Return the review's cards of the rows that wait, those that are alone together."""
    desk = Desk(site)
    if desk.lost:  # a desk tells that once, and this one has nobody sitting at it
        site.datasink.problems.add(site.facelist, None, f"the last {desk.lost.verb} was interrupted, and not done")

    def never() -> bool:
        progress(*desk.studied, "looking at faces")
        return False

    desk.study(never)
    found: dict[str, list[int]] = {}
    for card in desk.lay_out(Hand(QUEUE, Filter())):
        own = [number for number in card.rows if number in rows]
        who = card.person and f" perhaps {card.person}"
        title = f"{card.first}{who}" if len(card.rows) > 1 else ALONE
        if own:
            found.setdefault(title, []).extend(own)
    return dict(sorted(found.items(), key=lambda each: (each[0] == ALONE, -len(each[1]))))
