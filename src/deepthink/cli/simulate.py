"""`deepthink simulate`: films a site of people who do not exist, or of photographs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deepthink.cli.console import JsonFlag, emit, progress


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("simulate", epilog="Example: deepthink simulate my-site --faces photographs && deepthink run my-site")(
        simulate
    )


def simulate(
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="Where the site is written.")],
    seed: Annotated[int, typer.Option(help="Same seed, same site, byte for byte.")] = 1,
    residents: Annotated[int, typer.Option(help="How many drawn residents, 2 to 24.")] = 8,
    faces: Annotated[
        Path | None,
        typer.Option(help="Film real photographs: FACES/residents/<Name>/*.jpg and FACES/strangers/*.jpg."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Film a simulated site: events of several frames in SentinelCam's layout, and a truth file."""
    from deepthink.simulate.plan import drawn_plan, photograph_plan
    from deepthink.simulate.plan import simulate as film

    plan = photograph_plan(faces, seed) if faces else drawn_plan(seed, residents)
    with progress("simulate") as update:
        events = film(folder, plan, update)
    result = {
        "events": events,
        "residents": len(plan.residents),
        "strangers": len(plan.strangers),
        "folder": str(folder),
    }
    text = f"{events} events of {len(plan.residents)} residents and {len(plan.strangers)} strangers in {folder}."
    emit(result, f"{text}\nNext: deepthink run {folder}", as_json)
