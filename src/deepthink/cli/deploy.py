"""`deepthink deploy`: puts a version on the site's targets."""

from __future__ import annotations

import signal
import time
from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from deepthink.cli.console import HERE, JsonFlag, SiteFlag, emit, err, open_site
from deepthink.cli.version import latest_version
from deepthink.errors import DeploymentError, SettingsError

if TYPE_CHECKING:
    from deepthink.deployment.plan import Plan
    from deepthink.flow.wiring import Site

ToFlag = Annotated[
    str | None, typer.Option("--to", help="A target, or what it is (sentinels, datasinks, outposts); else all.")
]


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("deploy", epilog="Example: deepthink deploy gamma4 --to sentinels --dry-run")(deploy)


def deploy(
    version: Annotated[str | None, typer.Argument(help="The version; the latest published when left out.")] = None,
    site: SiteFlag = HERE,
    only: ToFlag = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")] = False,
    force: Annotated[bool, typer.Option(help="Deploy a version that failed validation.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Begin when the maintenance window opens.")] = False,
    now: Annotated[bool, typer.Option("--now", help="Begin at once, whatever the window.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="When one fails, leave the others on the new version.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Stage, verify, switch and verify again: a canary, then the others; when one fails, all are put back."""
    from deepthink.cli.live import live
    from deepthink.flow.rollout import check_deployment, deploy_site

    if wait and now:
        raise SettingsError("--wait and --now cannot both be meant.")
    opened = open_site(site)
    name = latest_version(opened, version)
    check_deployment(opened, name, only, force)  # before anybody waits
    if dry_run:
        _survey(opened, name, only, as_json)
        return
    plan = replace(opened.plan, revert=opened.plan.revert and not keep)
    if wait:
        _wait(plan)
    plan = replace(plan, window=None) if now else plan
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as at the terminal: what was begun goes to its end
    with live() as tell:
        outcomes = deploy_site(opened, name, only, force, tell, plan)
    lines = [
        f"{one.target} runs {one.version}; {one.answered} answers checked; before: {one.former or 'nothing'}"
        for one in outcomes
    ]
    emit([asdict(outcome) for outcome in outcomes], "\n".join(lines), as_json)


def _survey(site: Site, version: str, only: str | None, as_json: bool) -> None:
    """Print what would be done; end with an error when a target could not take the version."""
    from deepthink.flow.rollout import survey_site

    looks = survey_site(site, version, only)
    words = [
        one.error or f"{one.target}: {one.runs or 'nothing'} -> {one.version}, {one.bytes / 1e6:.1f} MB to copy"
        for one in looks
    ]
    emit([asdict(look) for look in looks], "\n".join(words), as_json)
    try:
        site.plan.check_open(0, len(looks))
    except DeploymentError as error:
        err.print(str(error), markup=False)
    if any(look.error for look in looks):
        raise typer.Exit(1)


def _wait(plan: Plan) -> None:
    """Sleep until the window opens; in short steps, since a clock can be set meanwhile."""
    while plan.window and (left := plan.window.seconds_to_wait(datetime.now())):
        err.print(f"the window {plan.window} opens in {left / 3600:.1f} h", markup=False)
        time.sleep(min(left, 600))
