"""`deepthink deploy`: puts a version on the site's targets."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from deepthink.cli.console import HERE, JsonFlag, SiteFlag, emit, open_site, progress
from deepthink.cli.version import latest_version


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("deploy", epilog="Example: deepthink deploy gamma4")(deploy)


def deploy(
    version: Annotated[str | None, typer.Argument(help="The version; the latest published when left out.")] = None,
    site: SiteFlag = HERE,
    only: Annotated[str | None, typer.Option("--to", help="One target; all when left out.")] = None,
    force: Annotated[bool, typer.Option(help="Deploy a version that failed validation.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Stage, verify, switch and verify again on every target; one that fails is put back."""
    from deepthink.flow.release import deploy_site

    opened = open_site(site)
    name = latest_version(opened, version)
    with progress("deploy") as update:
        outcomes = deploy_site(opened, name, only, force, lambda target, stage: update(0, 1, f"{target}: {stage}"))
    lines = [
        f"{o.target} runs {o.version}; {o.answered} golden probes answered; before: {o.former or 'nothing'}"
        for o in outcomes
    ]
    emit([asdict(outcome) for outcome in outcomes], "\n".join(lines), as_json)
