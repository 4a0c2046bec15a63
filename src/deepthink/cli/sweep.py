"""`deepthink sweep`: proposes recognised faces for review."""

from __future__ import annotations

import typer

from deepthink.cli.console import HERE, DateFlag, JsonFlag, SetFlag, SiteFlag, emit, open_site, progress, tell_problems


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("sweep", epilog="Example: deepthink sweep --date 2026-03-02")(sweep)


def sweep(site: SiteFlag = HERE, date: DateFlag = None, flags: SetFlag = None, as_json: JsonFlag = False) -> None:
    """Add the usable faces of recognised events to facelist.csv as candidates, each once."""
    from deepthink.flow.collect import sweep_site

    opened = open_site(site, flags)
    with progress("sweep") as update:
        report = sweep_site(opened, date, update)
    tell_problems(opened)
    text = f"{report.added} candidates added; {report.seen} faces seen, {report.known} listed before, "
    emit(report, f"{text}{report.unusable} not usable, {report.alike} near copies.\nNext: deepthink review", as_json)
