"""`deepthink verify`: asks what runs on each target; and `deepthink rollouts`: what was done to them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from deepthink.cli.console import HERE, JsonFlag, SiteFlag, emit, open_site
from deepthink.cli.deploy import ToFlag

if TYPE_CHECKING:
    from deepthink.deployment.deploy import Outcome


def add_to(app: typer.Typer) -> None:
    """Add the verbs to the command."""
    app.command("verify", epilog="Example: deepthink verify --to datasinks")(verify)
    app.command("rollouts", epilog="Example: deepthink rollouts --json")(rollouts)


def verify(site: SiteFlag = HERE, only: ToFlag = None, as_json: JsonFlag = False) -> None:
    """Ask what runs on each target whether it is whole, signed, and answers as it should; change nothing."""
    from deepthink.cli.live import live
    from deepthink.flow.rollout import verify_site

    opened = open_site(site)
    with live() as tell:
        outcomes = verify_site(opened, only, tell)
    should = {one.target.name: one.version or opened.ledger.production() for one in opened.members}
    lines = [one.error or _runs(one, should[one.target]) for one in outcomes]
    emit([asdict(outcome) for outcome in outcomes], "\n".join(lines), as_json)
    if any(one.error or should[one.target] not in (None, one.version) for one in outcomes):
        raise typer.Exit(1)


def _runs(outcome: Outcome, should: str | None) -> str:
    other = f", but should run {should}" if should not in (None, outcome.version) else ""
    return f"{outcome.target} runs {outcome.version}{other}; {outcome.answered} answers checked"


def rollouts(site: SiteFlag = HERE, as_json: JsonFlag = False) -> None:
    """List what was rolled out and taken back: when, by whom, to whom, and how it ended."""
    from deepthink.flow.rollout_record import read_records

    records = read_records(open_site(site).registry.root)
    lines = [_line(one) for one in records]
    emit(records, "\n".join(lines) or "Nothing was rolled out yet.", as_json)


def _line(one: dict[str, Any]) -> str:
    who = f"{len(one['targets'])} targets, by {one['who']}"
    why = f": {one['why']}" if one["why"] else ""
    return f"{one['began']}  {one['what']} {one['version']}  {one['state']}  {who}{why}"
