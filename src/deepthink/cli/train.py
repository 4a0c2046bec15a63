"""`deepthink train`: trains a version by its parameter file."""

from __future__ import annotations

from typing import Annotated

import typer

from deepthink.cli.console import HERE, JsonFlag, SetFlag, SiteFlag, emit, open_site, progress
from deepthink.cli.version import VersionArgument, current_version

BudgetFlag = Annotated[
    float | None, typer.Option("--budget", metavar="MINUTES", help="Take the best model found in this time.")
]


MemoryFlag = Annotated[
    str | None, typer.Option("--memory", metavar="SIZE", help="What it may take while it searches, such as 1.5G.")
]
ClusterFlag = Annotated[
    str | None, typer.Option("--distributed", metavar="ADDRESS", help="A Dask scheduler whose workers help.")
]


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("train", epilog="Example: deepthink train gamma4")(train)


def train(
    version: VersionArgument = None,
    site: SiteFlag = HERE,
    budget: BudgetFlag = None,
    memory: MemoryFlag = None,
    distributed: ClusterFlag = None,
    flags: SetFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Run the training notebook with the parameters in <version>.yaml, and keep the executed notebook."""
    from deepthink.flow.teach import train_site
    from deepthink.flow.version_files import version_files

    asked = {"budget_minutes": budget, "memory": memory, "cluster": distributed}
    own = [f"train.{key}={value}" for key, value in asked.items() if value is not None]
    opened = open_site(site, [*(flags or ()), *own])
    name = current_version(opened, version)
    with progress("train") as update:
        figures = train_site(opened, name, update)
    best = ", ".join(f"{key} {value}" for key, value in (figures["classifier"] or {}).items())
    text = f"{name}: {figures['people']} people, {figures['faces']} faces of {figures['events']} events; {best}."
    if figures["machine"] not in {"support vector machine", "distance alone"}:
        text += f"\nBeside the distance, {figures['machine']} decides: it misses fewer residents (train.classifier)."
    if figures["left_out"]:
        text += f"\nThere was no time for {len(figures['left_out'])} candidates; train again without --budget for all."
    kept = version_files(opened, name).executed
    emit({"version": name, **figures}, f"{text}\nNotebook: {kept}\nNext: deepthink validate {name}", as_json)
