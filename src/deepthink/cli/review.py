"""`deepthink review`: look at the candidates, and decide."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from deepthink.cli import review_notebook, sheets
from deepthink.cli.console import HERE, JsonFlag, SiteFlag, emit, open_site, out, tell_problems

if TYPE_CHECKING:
    from deepthink.curation.review import Action

NEXT = "Next: deepthink review accept ROWS --name WHO, or review stranger ROWS"
EXAMPLES = (
    "Examples: deepthink review · deepthink review accept lane:confident · "
    "deepthink review accept 12 20-31 --name Ann · deepthink review stranger event:a6a3a450 · deepthink review undo"
)
app = typer.Typer(
    help="Look at the faces that wait, and say who they are.", epilog=EXAMPLES, invoke_without_command=True
)

Rows = Annotated[
    list[str],
    typer.Argument(help="Rows: 12, 5-9, all, lane:unknown, person:Ann, event:ID, day:2026-03-02, status:candidate."),
]
Name = Annotated[str | None, typer.Option("--name", "-n", help="Who it is; the row's own name when left out.")]


@app.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    site: SiteFlag = HERE,
    rows: Annotated[list[str] | None, typer.Option("--rows", help="Which rows to show, as for accept.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Draw contact sheets of the rows that wait, by lane and person, and list them."""
    if context.invoked_subcommand:
        return
    from deepthink.flow.look import look

    opened = open_site(site)
    found = look(opened, rows or ["status:candidate"])
    tell_problems(opened)
    if as_json:
        emit(found, "", True)
        return
    from deepthink.curation.people import People

    names = People(opened.facelist).all()
    table = Table("lane", "name", "faces", "rows", "contact sheet", box=None, padding=(0, 2, 0, 0))
    for group in found.groups:
        shown = f"{group.name} ({names[group.name]})" if group.name in names else group.name
        table.add_row(group.lane, escape(shown), str(len(group.rows)), group.span, str(group.sheets[0]))
    out.print(table if found.groups else "Nothing waits for review.")
    if found.groups:
        out.print(NEXT, markup=False)


@app.command("accept", epilog="Example: deepthink review accept 12 20-31 --name Ann")
def accept(rows: Rows, name: Name = None, site: SiteFlag = HERE, as_json: JsonFlag = False) -> None:
    """Select rows for the gallery, under their own name or the one given."""
    from deepthink.curation import review

    opened = open_site(site)
    _done(review.accept(opened.facelist, _numbers(opened.facelist, rows), name), as_json)


@app.command("rename", epilog="Example: deepthink review rename person:Anne Ann")
def rename(
    rows: Rows,
    name: Annotated[str, typer.Argument(help="Who it is.")],
    site: SiteFlag = HERE,
    as_json: JsonFlag = False,
) -> None:
    """Give rows another name."""
    from deepthink.curation import review

    opened = open_site(site)
    _done(review.rename(opened.facelist, _numbers(opened.facelist, rows), name), as_json)


@app.command("shown", epilog='Example: deepthink review shown Ann_Lee "Ann Lee (mum)"')
def shown(
    name: Annotated[str | None, typer.Argument(help="Who, by the name in the files.")] = None,
    as_: Annotated[str | None, typer.Argument(metavar="AS", help="How people are to see it.")] = None,
    site: SiteFlag = HERE,
    as_json: JsonFlag = False,
) -> None:
    """Show a person under a name that SentinelCam's files cannot carry; without names, list those there are."""
    from deepthink.curation.people import People

    people = People(open_site(site).facelist)
    if name and as_:
        people.show(name, as_)
    found = {name: people.shown(name)} if name else people.all()
    emit(found, "\n".join(f"{one}: {other}" for one, other in found.items()) or "Everybody by their own name.", as_json)


@app.command("stranger", epilog="Example: deepthink review stranger lane:unknown day:2026-03-02")
def stranger(rows: Rows, site: SiteFlag = HERE, as_json: JsonFlag = False) -> None:
    """Say that faces are nobody's here; they help to keep strangers unnamed."""
    from deepthink.curation import review

    opened = open_site(site)
    _done(review.stranger(opened.facelist, _numbers(opened.facelist, rows)), as_json)


@app.command("revoke", epilog="Example: deepthink review revoke person:Ann day:2026-03-02")
def revoke(rows: Rows, site: SiteFlag = HERE, as_json: JsonFlag = False) -> None:
    """Take rows out of the gallery; their embeddings leave at the next embed."""
    from deepthink.curation import review

    opened = open_site(site)
    _done(review.revoke(opened.facelist, _numbers(opened.facelist, rows)), as_json)


@app.command("remove", epilog="Example: deepthink review remove 17")
def remove(rows: Rows, site: SiteFlag = HERE, as_json: JsonFlag = False) -> None:
    """Say that rows show no face, or none worth keeping."""
    from deepthink.curation import review

    opened = open_site(site)
    _done(review.remove(opened.facelist, _numbers(opened.facelist, rows)), as_json)


@app.command("undo", epilog="Example: deepthink review undo --count 3")
def undo(
    count: Annotated[int, typer.Option(min=1, help="How many actions.")] = 1,
    site: SiteFlag = HERE,
    as_json: JsonFlag = False,
) -> None:
    """Take back the last actions, as many as you like."""
    from deepthink.curation import review

    undone = review.undo(open_site(site).facelist, count)
    lines = [
        f"Undone: {action.verb} of {len(action.before)} rows, {action.when}, by {action.who}." for action in undone
    ]
    emit([asdict(action) for action in undone], "\n".join(lines) or "There is nothing to undo.", as_json)


def _numbers(facelist: object, selectors: list[str]) -> list[int]:
    from pathlib import Path

    from deepthink.curation.facelist import Facelist
    from deepthink.curation.review import select

    return select(Facelist(Path(str(facelist))).rows, selectors)


def _done(action: Action, as_json: bool) -> None:
    text = f"{action.verb}: {len(action.before)} rows changed. Take it back with: deepthink review undo"
    emit(asdict(action), text if action.before else f"{action.verb}: no row had to change.", as_json)


sheets.add_to(app)
review_notebook.add_to(app)
