"""Which version a command is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from deepthink.flow.wiring import Site

VersionArgument = Annotated[str | None, typer.Argument(help="The version; the one being made when left out.")]


def current_version(site: Site, version: str | None) -> str:
    """Return the version that is meant: the one given, or the one being made, or the next free name."""
    from deepthink.flow.pipeline import version_in_work
    from deepthink.registry.naming import check_version

    return check_version(version) if version else version_in_work(site)
