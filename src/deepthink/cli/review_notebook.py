"""`deepthink review notebook`: recognition results as figures and faces, and their enrolment by rule."""

from __future__ import annotations

from typing import Annotated

import typer

from deepthink.cli.console import HERE, DateFlag, JsonFlag, SiteFlag, emit, open_site, progress

EXAMPLE = "Examples: deepthink review notebook · deepthink review notebook --date 2026-03-02 --distance 0.5 --export"


def add_to(app: typer.Typer) -> None:
    """Add the verb to `deepthink review`."""
    app.command("notebook", epilog=EXAMPLE)(notebook)


def notebook(
    date: DateFlag = None,
    proba: Annotated[
        float | None,
        typer.Option("--proba", min=0, max=1, help="Choose faces surer than this; else as site.yaml says."),
    ] = None,
    distance: Annotated[
        float | None, typer.Option("--distance", min=0, help="And nearer than this; else as site.yaml says.")
    ] = None,
    any_quality: Annotated[bool, typer.Option("--any-quality", help="And whether or not they are usable.")] = False,
    export: Annotated[bool, typer.Option("--export", help="Select those chosen; else only tell which.")] = False,
    site: SiteFlag = HERE,
    as_json: JsonFlag = False,
) -> None:
    """Run the review notebook: statistics, plots and contact sheets of recognition results, and the facelist."""
    from deepthink.curation.results import Rule
    from deepthink.flow.results import review_notebook

    opened = open_site(site)
    rules = opened.settings.sweep
    surer = rules.confident_probability if proba is None else proba
    nearer = rules.confident_distance if distance is None else distance
    with progress("notebook") as update:
        kept, told = review_notebook(opened, Rule(surer, nearer, not any_quality), date, not export, update)
    faces = sum(told["selected"].values())
    text = f"{told['results']} faces, {told['chosen']} of them with {told['rule']}; " + (
        f"{faces} of {len(told['selected'])} people selected. Take it back with: deepthink review undo"
        if export
        else f"{faces} would be selected with --export."
    )
    if not told["chosen"] and told["surest"]:
        text += f" The surest face with a name has {told['surest']:.3f}: try --proba."
    page = kept.with_suffix(".html")
    emit({**told, "notebook": str(kept), "page": str(page)}, f"{text}\nNotebook: {kept}\nPage: {page}", as_json)
