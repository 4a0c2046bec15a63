"""`deepthink watch`: the service that keeps a site going."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer

from deepthink.cli.console import HERE, SetFlag, SiteArgument, err, needing


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("watch", epilog="Example: deepthink watch my-site --log-json")(watch)


def watch(
    site: SiteArgument = HERE,
    as_json: Annotated[bool, typer.Option("--log-json", help="Log as JSON, one object a line.")] = False,
    log: Annotated[Path | None, typer.Option(help="The log file, rotated; else training.log of the site.")] = None,
    flags: SetFlag = None,
) -> None:
    """Watch a site until ended: train when there is a reason, deploy what may be deployed, tell people.

    SIGHUP reads the settings anew; SIGTERM ends it, and what was under way is taken up by the next start.
    """
    with needing("watch", "apscheduler"):
        from deepthink.flow.watch import Watch
    from deepthink.flow.logs import FILE, set_up
    from deepthink.settings import load

    service = Watch(lambda: load(site, flags or ()), tuple(flags or ()))
    set_up(log or service.training / FILE, as_json)
    signal.signal(signal.SIGHUP, lambda *_: service.reload())
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: service.end())
    err.print(f"Watching {service.settings.root}. End with Ctrl-C.")
    try:
        service.serve()
    finally:
        service.close()
