"""`deepthink drift`: what recognition has done, how right it was, and where it has changed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from deepthink.cli.console import HERE, JsonFlag, SiteArgument, emit, open_site, out, progress, tell_problems

if TYPE_CHECKING:
    from deepthink.learning.trends import Day, Share, Trends, Week

SHOWN_DAYS, SHOWN_WEEKS = 7, 8
PictureFlag = Annotated[
    Path | None, typer.Option("--pictures", metavar="FOLDER", help="Draw the faces that show each alarm into a folder.")
]


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("drift", epilog="Example: deepthink drift my-site --pictures alarms")(drift)


def drift(site: SiteArgument = HERE, pictures: PictureFlag = None, as_json: JsonFlag = False) -> None:
    """Look whether cameras or people are recognised otherwise than when the version in production was new."""
    from deepthink.flow.trends import draw_alarm, keep_trends

    opened = open_site(site)
    with progress("drift") as update:
        trends = keep_trends(opened, update)
    drawn = {alarm.key: draw_alarm(opened, alarm, pictures) for alarm in trends.alarms} if pictures else {}
    tell_problems(opened)
    if as_json:
        sheets = {key: [str(path) for path in paths] for key, paths in drawn.items()}
        emit({**asdict(trends), "pictures": sheets}, "", True)
        return
    _tell(trends, drawn)


def _tell(trends: Trends, drawn: dict[str, list[Path]]) -> None:
    if trends.days:
        out.print(_days(trends.days))
    if trends.weeks:
        out.print(_weeks(trends.weeks))
    for alarm in trends.alarms:
        out.print(f"Changed since {alarm.since}: {alarm.says}", markup=False)
        for path in drawn.get(alarm.key, ()):
            out.print(f"  {path}", markup=False)
    if trends.unlooked:
        out.print(trends.unlooked, markup=False)
    elif not trends.alarms:
        out.print(f"Nothing has changed since {trends.version} was new ({trends.looks} comparisons).", markup=False)


def _days(days: tuple[Day, ...]) -> Table:
    last = sorted({day.date for day in days})[-SHOWN_DAYS:]
    table = _table("day", "camera", "events", "named", "unknown")
    for day in days:
        if day.date in last:
            table.add_row(day.date, escape(day.camera), str(day.events), str(day.named), str(day.unknown))
    return table


def _weeks(weeks: tuple[Week, ...]) -> Table:
    table = _table("week, as reviewed", "residents missed", "strangers named")
    for week in weeks[-SHOWN_WEEKS:]:
        table.add_row(week.week, _share(week.fnir), _share(week.fpir))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for number, column in enumerate(columns):
        table.add_column(
            column, justify="right" if column in ("events", "named", "unknown") else "left", no_wrap=number < 2
        )
    return table


def _share(share: Share) -> str:
    if share.rate is None:
        return "nobody reviewed"
    return f"{share.errors} of {share.asked} ({100 * share.low:.0f} to {100 * share.high:.0f} %)"
