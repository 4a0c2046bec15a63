"""`deepthink suggest`: labels that are probably wrong."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from deepthink.cli.console import HERE, JsonFlag, SetFlag, SiteFlag, emit, open_site, tell_problems
from deepthink.cli.version import VersionArgument, current_version


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("suggest", epilog="Example: deepthink suggest gamma4 --limit 40")(suggest)


def suggest(
    version: VersionArgument = None,
    site: SiteFlag = HERE,
    limit: Annotated[int, typer.Option(min=1, help="Show so many, the most doubtful first.")] = 20,
    flags: SetFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Find faces that probably carry a wrong name, before training: each with its reason; nothing is changed."""
    from deepthink.flow.doubt import doubt_site
    from deepthink.flow.look import spans

    opened = open_site(site, flags)
    name = current_version(opened, version)
    found = doubt_site(opened, name)
    tell_problems(opened)
    shown = found.suggestions[:limit]
    lines = [f"rows {spans(rows):12} {one.name:16} {one.kind:16} {one.reason}" for one, rows in shown]
    lines.append(f"{len(found.suggestions)} of {found.faces} faces and names are doubtful.")
    if shown:
        lines[-1] += (
            f" Of the others {found.errors_with} are nearer to another person; without the doubtful ones, "
            f"{found.errors_without}.\nLook: deepthink review --rows {shown[0][1][0]}   "
            "Change: deepthink review rename ROWS NAME, deepthink review revoke ROWS"
        )
    content = [{**asdict(one), "rows": rows} for one, rows in found.suggestions]
    emit({"version": name, "faces": found.faces, "suggestions": content}, "\n".join(lines), as_json)
