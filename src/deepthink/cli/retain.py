"""`deepthink retain`: deletes old events of no worth."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from deepthink.cli.console import HERE, DateFlag, JsonFlag, SetFlag, SiteFlag, emit, open_site, progress, tell_problems

if TYPE_CHECKING:
    from deepthink.datasink.retain import RetainReport

MEGABYTE = 1e6
DeleteFlag = Annotated[
    bool | None, typer.Option("--delete/--dry-run", help="Delete, or only tell; else as retain.enabled says.")
]
TodayFlag = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Reckon ages from this day instead of today.")
]


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("retain", epilog="Example: deepthink retain --dry-run, and then: deepthink retain --delete")(retain)


def retain(
    site: SiteFlag = HERE,
    date: DateFlag = None,
    delete: DeleteFlag = None,
    today: TodayFlag = None,
    listed: Annotated[bool, typer.Option("--list", help="Name each event that is not kept.")] = False,
    flags: SetFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Delete old events that nothing keeps: neither their profile, nor what they hold, nor the facelist."""
    from deepthink.flow.keep import retain_site

    opened = open_site(site, flags)
    with progress("retain") as update:
        report = retain_site(opened, date, delete, today.date() if today else None, update)
    tell_problems(opened)
    emit(report, "\n".join([*(_events(report) if listed else []), *_table(report), _sum(report)]), as_json)
    if report.counts["failed"]:
        raise typer.Exit(1)


def _events(report: RetainReport) -> list[str]:
    """Return a line for each event that is not kept."""
    found = [one for one in report.outcomes if one.fate != "kept"]
    return [f"{one.date} {one.event:32} {one.node:12} {_word(report, one.fate):14} {one.reason}" for one in found]


def _table(report: RetainReport) -> list[str]:
    """Return the account: how many events and megabytes met which fate, and why."""
    from deepthink.datasink.retain import FATES

    events: dict[tuple[str, str, str], int] = defaultdict(int)
    size: dict[tuple[str, str, str], int] = defaultdict(int)
    for one in report.outcomes:
        key = one.fate, one.profile, one.reason
        events[key] += 1
        size[key] += one.size
    order = sorted(events, key=lambda key: (FATES.index(key[0]), key[1], -events[key]))
    lines = [
        f"{_word(report, key[0]):14} {events[key]:>7} {size[key] / MEGABYTE:>10.1f}  {key[1]:18} {key[2]}"
        for key in order
    ]
    return [f"{'':14} {'events':>7} {'MB':>10}  {'profile':18} why", *lines]


def _word(report: RetainReport, fate: str) -> str:
    return "would delete" if report.dry_run and fate == "deleted" else fate


def _sum(report: RetainReport) -> str:
    """Return the last lines: what is free now, and what to do next."""
    counts, freed = report.counts, report.freed / MEGABYTE
    beyond = f" {report.days_beyond} more days are beyond the window." if report.days_beyond else ""
    looked = f"{len(report.outcomes)} events of {report.days} days looked at.{beyond}\n"
    if report.dry_run:
        return f"{looked}Nothing was deleted: {counts['deleted']} events, {freed:.1f} MB, would be.\n" + (
            "Delete them: deepthink retain --delete" if counts["deleted"] else ""
        )
    left = f" {counts['failed']} failed: mend what is named above, and run it again." if counts["failed"] else ""
    return f"{looked}{counts['deleted']} events deleted, {freed:.1f} MB freed.{left}"
