"""`deepthink rollback`: takes targets back to the version before."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from deepthink.cli.console import HERE, JsonFlag, SiteFlag, emit, open_site


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("rollback", epilog="Example: deepthink rollback; twice goes back two versions")(rollback)


def rollback(
    site: SiteFlag = HERE,
    only: Annotated[str | None, typer.Option("--to", help="One target; all when left out.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Take targets back to the version they ran before, verified as a deployment is."""
    from deepthink.flow.release import rollback_site

    outcomes = rollback_site(open_site(site), only)
    lines = [
        f"{o.target} runs {o.version} again, after {o.former}; {o.answered} golden probes answered" for o in outcomes
    ]
    emit([asdict(outcome) for outcome in outcomes], "\n".join(lines), as_json)
