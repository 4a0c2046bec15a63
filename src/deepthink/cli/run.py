"""`deepthink run`: walks the whole road on a site."""

from __future__ import annotations

from typing import Annotated

import typer

from deepthink.cli.console import HERE, JsonFlag, SetFlag, SiteArgument, emit, open_site, progress, tell_problems


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("run", epilog="Example: deepthink run my-site --from train")(run)


def run(
    site: SiteArgument = HERE,
    start: Annotated[str | None, typer.Option("--from", help="The step to begin with.")] = None,
    version: Annotated[
        str | None, typer.Option(help="The new version's name; the next free one when left out.")
    ] = None,
    flags: SetFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Walk the road from events to a deployed recogniser; go on where it stopped, stop where you are needed."""
    from deepthink.flow import pipeline
    from deepthink.simulate.reviewer import review_by_truth
    from deepthink.simulate.summary import as_text, summarise

    opened = open_site(site, flags)
    reviewer = review_by_truth if opened.truth else None
    walk = pipeline.run(opened, start=start, version=version, reviewer=reviewer, watch=progress)
    tell_problems(opened)
    summary = summarise(opened, walk)
    emit(summary, as_text(summary), as_json)
