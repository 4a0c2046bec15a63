"""`deepthink init`: writes a site.yaml with every key commented."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deepthink.cli.console import out


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("init", epilog="Example: deepthink init my-site")(init)


def init(
    folder: Annotated[Path, typer.Argument(help="Where the site is to be; made when absent.")] = Path(),
    show: Annotated[bool, typer.Option("--print", help="Print the file instead of writing it.")] = False,
) -> None:
    """Write a site.yaml with every key, its default and what it is for."""
    from deepthink.errors import SettingsError
    from deepthink.files import write_text
    from deepthink.settings import SITE_FILE, template

    if show:
        print(template(), end="")
        return
    file = folder / SITE_FILE
    if file.exists():
        raise SettingsError(
            f"{file} is there already and is left as it is. Show the defaults with: deepthink init --print"
        )
    write_text(file, template())
    out.print(f"Wrote {file}. Set datasink.data and datasink.images in it, then: deepthink run {folder}", markup=False)
