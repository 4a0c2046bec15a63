"""`deepthink run`: walks the whole road on a site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deepthink.cli.console import HERE, JsonFlag, SetFlag, SiteArgument, emit, err, open_site, progress, tell_problems

if TYPE_CHECKING:
    from deepthink.flow.wiring import Site


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
    _foretell(opened, start)
    reviewer = review_by_truth if opened.truth else None
    walk = pipeline.run(opened, start=start, version=version, reviewer=reviewer, watch=progress)
    tell_problems(opened)
    summary = summarise(opened, walk)
    emit(summary, as_text(summary), as_json)


def _foretell(site: Site, start: str | None) -> None:
    """Say how long it will take, where all its steps were taken on this machine before."""
    from deepthink.flow.journal import Journal
    from deepthink.flow.pace import Expectation, in_words
    from deepthink.flow.pipeline import STEPS

    journal, order = Journal(site.training), list(STEPS)
    if journal.unfinished() or start not in (None, *order):
        return
    first, *others = order[order.index(start) :] if start else order
    left = Expectation(journal.entries()).left(first, 0, 0, 0.0, others)
    if left is not None:
        err.print(f"As the last runs went here: {in_words(left)}.", markup=False)
