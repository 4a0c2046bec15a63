"""`deepthink rollback`: takes targets back to the version before, or to an earlier one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from deepthink.cli.console import HERE, JsonFlag, SiteFlag, emit, open_site
from deepthink.cli.deploy import ToFlag


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    example = "Example: deepthink rollback beta2; without a version, twice goes back two"
    app.command("rollback", epilog=example)(rollback)


def rollback(
    version: Annotated[str | None, typer.Argument(help="One that they ran; the one before when left out.")] = None,
    site: SiteFlag = HERE,
    only: ToFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Take targets back to a version they ran before, verified as a deployment is."""
    from deepthink.cli.live import live
    from deepthink.flow.rollout import rollback_site

    with live() as tell:
        outcomes = rollback_site(open_site(site), only, version, tell)
    lines = [f"{o.target} runs {o.version} again, after {o.former}; {o.answered} answers checked" for o in outcomes]
    emit([asdict(outcome) for outcome in outcomes], "\n".join(lines), as_json)
