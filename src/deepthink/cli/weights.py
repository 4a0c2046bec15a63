"""`deepthink weights`: the network weight files that are here, and where the others can be had."""

from __future__ import annotations

import typer

from deepthink.cli.console import JsonFlag, emit

app = typer.Typer(help="The network weight files: what is here, and what to put where.", no_args_is_help=True)


@app.command("list", epilog="Example: deepthink weights list")
def list_weights(as_json: JsonFlag = False) -> None:
    """List the known weight files, their licence, and whether they are here and whole."""
    from deepthink import weights

    found = weights.status()
    lines = [f"{s.state:8} {s.weights.name:34} {s.weights.licence:24} {s.path or s.weights.source}" for s in found]
    content = [{"name": s.weights.name, "state": s.state, "path": s.path, "licence": s.weights.licence} for s in found]
    emit(content, "\n".join(lines), as_json)
