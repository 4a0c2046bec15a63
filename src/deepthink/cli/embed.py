"""`deepthink embed`: turns the selected rows into embeddings."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from deepthink.cli.console import HERE, JsonFlag, SetFlag, SiteFlag, emit, open_site, progress, tell_problems
from deepthink.cli.version import VersionArgument, current_version


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("embed", epilog="Example: deepthink embed gamma4")(embed)


def embed(
    version: VersionArgument = None,
    site: SiteFlag = HERE,
    again: Annotated[bool, typer.Option("--all", help="Compute all anew, as after a change of embedder.")] = False,
    accept: Annotated[bool, typer.Option("--accept", help="With --all: take them even if they are worse.")] = False,
    flags: SetFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Write the embeddings of selected rows to facedata_<version>.hdf5; only what is new is computed.

    With --all everything is computed anew beside the old files, compared with them, and then takes their place.
    """
    from deepthink.flow.enrol import embed_site

    opened = open_site(site, flags)
    name = current_version(opened, version)
    with progress("embed") as update:
        report = embed_site(opened, name, again, update, accept)
    tell_problems(opened)
    g = report.gallery
    text = f"{name}: {g.added} faces embedded, {g.kept} kept, {g.moved} renamed, {g.dropped} left; {g.path}"
    text = "\n".join([text, *report.compared])
    emit({"version": name, **asdict(report)}, f"{text}\nNext: deepthink train {name}", as_json)
