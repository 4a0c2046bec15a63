"""`deepthink demo`: the whole road with people who do not exist."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deepthink.cli.console import JsonFlag, emit, progress


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("demo", epilog="Example: deepthink demo demo --seed 7")(demo)


def demo(
    folder: Annotated[Path, typer.Argument(help="Where the demo's site is written.")] = Path("demo"),
    seed: Annotated[int, typer.Option(help="Same seed, same people.")] = 1,
    residents: Annotated[int, typer.Option(help="How many residents, 2 to 24.")] = 8,
    as_json: JsonFlag = False,
) -> None:
    """Draw people who do not exist, film them, and walk the whole road, from events to a verified recogniser."""
    from deepthink.simulate.demo import run_demo
    from deepthink.simulate.summary import as_text

    summary = run_demo(folder, seed, residents, progress)
    emit(summary, as_text(summary), as_json)
