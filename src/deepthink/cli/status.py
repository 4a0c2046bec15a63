"""`deepthink status`: what is current, where, since when, and what comes next."""

from __future__ import annotations

from dataclasses import asdict

import typer
from rich.table import Table

from deepthink.cli.console import HERE, JsonFlag, SiteArgument, emit, open_site, out


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("status", epilog="Example: deepthink status my-site --json")(status)


def status(site: SiteArgument = HERE, as_json: JsonFlag = False) -> None:
    """Say what is in production, on which target since when, what the facelist holds, and what comes next."""
    from deepthink.flow.overview import overview

    found = overview(open_site(site))
    if as_json:
        emit(found, "", True)
        return
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in asdict(found).items():
        table.add_row(name.replace("_", " "), _shown(value) or "none")
    out.print(table)


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{number} {what.replace('_', ' ')}" for what, number in value.items())
    return "\n".join(str(part) for part in value) if isinstance(value, list) else str(value)
