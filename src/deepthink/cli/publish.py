"""`deepthink publish`: makes a validated version immutable."""

from __future__ import annotations

import typer

from deepthink.cli.console import HERE, JsonFlag, SiteFlag, emit, open_site
from deepthink.cli.version import VersionArgument, current_version


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("publish", epilog="Example: deepthink publish gamma4")(publish)


def publish(version: VersionArgument = None, site: SiteFlag = HERE, as_json: JsonFlag = False) -> None:
    """Put a validated version into the registry, and enter it in versions.yaml."""
    from deepthink.flow.release import publish_site

    opened = open_site(site)
    name = current_version(opened, version)
    folder = publish_site(opened, name)
    emit({"version": name, "folder": folder}, f"{name} is published: {folder}\nNext: deepthink deploy {name}", as_json)
