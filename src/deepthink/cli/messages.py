"""`deepthink messages`: whom a site tells what happens, and whether it reaches them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from deepthink.cli.console import HERE, JsonFlag, SetFlag, SiteArgument, emit

if TYPE_CHECKING:
    from deepthink.messages.outbox import Delivery

app = typer.Typer(
    help="Whom a site tells what happens: docs/steps/messages.md.",
    epilog="Example: deepthink messages test my-site",
    no_args_is_help=True,
)


@app.callback()
def _group() -> None:
    """Keep the group a group while it has one verb."""


@app.command("test", epilog="Example: deepthink messages test my-site --json")
def send_test(site: SiteArgument = HERE, flags: SetFlag = None, as_json: JsonFlag = False) -> None:
    """Send one test message by every configured way, and say of each whether it arrived; exit code 1 unless all did."""
    from deepthink.messages.send import try_all
    from deepthink.settings import load

    tried = try_all(load(site, flags or ()))
    emit([asdict(one) for one in tried], as_text(tried), as_json)
    if not tried or not all(one.arrived for one in tried):
        raise typer.Exit(1)


def as_text(tried: list[Delivery]) -> str:
    """Return what became of each try, a line each.

    Examples
    --------
    >>> from deepthink.messages.outbox import Delivery
    >>> print(as_text([Delivery("ntfy", "A test", True), Delivery("webhook nas", "A test", False, "it answers 404")]))
    ntfy: arrived
    webhook nas: did not arrive: it answers 404
    """
    if not tried:
        return "Nobody is told anything: site.yaml names no broker, notify_file or webhook below messages."
    return "\n".join(
        f"{one.channel}: " + ("arrived" if one.arrived else f"did not arrive: {one.says}") for one in tried
    )
