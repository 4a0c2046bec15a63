"""`deepthink detect`: finds the faces in new events."""

from __future__ import annotations

from typing import Annotated

import typer

from deepthink.cli.console import HERE, DateFlag, JsonFlag, SetFlag, SiteFlag, emit, open_site, progress, tell_problems


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("detect", epilog="Example: deepthink detect --date 2026-03-02 --set detection.detector=opencv")(detect)


def detect(
    site: SiteFlag = HERE,
    date: DateFlag = None,
    again: Annotated[bool, typer.Option(help="Look at events again that were looked at.")] = False,
    flags: SetFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Find the faces in the frames of new events, and write their fd1 sets."""
    from deepthink.flow.collect import detect_site

    opened = open_site(site, flags)
    with progress("detect") as update:
        report = detect_site(opened, date, again, update)
    tell_problems(opened)
    text = (
        f"{report.faces} faces in {report.frames} frames of {report.events} events. Detector: {opened.detector_name}."
    )
    emit(report, text, as_json)
