"""`deepthink recognise`: names the faces of new events."""

from __future__ import annotations

from typing import Annotated

import typer

from deepthink.cli.console import HERE, DateFlag, JsonFlag, SetFlag, SiteFlag, emit, open_site, progress, tell_problems


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("recognise", epilog="Example: deepthink recognise --date 2026-03-06")(recognise)


def recognise(
    site: SiteFlag = HERE,
    date: DateFlag = None,
    again: Annotated[bool, typer.Option(help="Answer events again that have an answer.")] = False,
    flags: SetFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Name the faces of new events with the version in production, and write their fr1 sets."""
    from deepthink.flow.collect import recognise_site

    opened = open_site(site, flags)
    with progress("recognise") as update:
        report = recognise_site(opened, opened.in_production(), date, again, update)
    tell_problems(opened)
    version = opened.ledger.production() or "nothing yet, so that everybody is Unknown"
    text = f"{report.faces} faces in {report.events} events: {report.named} with a name, {report.unknown} unknown."
    emit(report, f"{text} In production: {version}.", as_json)
