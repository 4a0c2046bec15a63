"""Which version a command is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from deepthink.flow.wiring import Site

VersionArgument = Annotated[str | None, typer.Argument(help="The version; the one being made when left out.")]


def latest_version(site: Site, version: str | None) -> str:
    """Return the version that is meant: the one given, or the latest that was published."""
    from deepthink.errors import VersionNotFoundError
    from deepthink.registry.naming import check_version

    published = site.registry.versions()
    if version is None and not published:
        raise VersionNotFoundError("any", [])
    return check_version(version or published[-1])


def current_version(site: Site, version: str | None) -> str:
    """Return the version that is meant: the one given, or the one being made, or the next free name."""
    from deepthink.flow.pipeline import version_in_work
    from deepthink.registry.naming import check_version

    return check_version(version) if version else version_in_work(site)
