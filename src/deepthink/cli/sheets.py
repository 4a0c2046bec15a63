"""`deepthink review montage`: contact sheets, in the terminal where it can show them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from deepthink.cli.console import HERE, JsonFlag, SiteFlag, emit, open_site, out, progress, tell_problems

if TYPE_CHECKING:
    import numpy as np

    from deepthink.flow.sheets import Drawn

By = Literal["person", "lane", "day", "group"]
Show = Literal["auto", "kitty", "iterm", "sixel", "no"]
EXAMPLE = "Examples: deepthink review montage --by lane · deepthink review montage --by person --rows person:Ann"


def add_to(app: typer.Typer) -> None:
    """Add the verb to `deepthink review`."""
    app.command("montage", epilog=EXAMPLE)(montage)


def montage(
    by: Annotated[By, typer.Option("--by", help="What each sheet shows; groups are of faces that wait.")] = "person",
    rows: Annotated[list[str] | None, typer.Option("--rows", help="Which rows, as for accept; else all.")] = None,
    most: Annotated[int, typer.Option("--sheets", min=1, help="So many sheets of each, at most.")] = 4,
    show: Annotated[
        Show, typer.Option("--show", help="How the terminal shows pictures; auto asks it, and no prints paths alone.")
    ] = "auto",
    site: SiteFlag = HERE,
    as_json: JsonFlag = False,
) -> None:
    """Draw faces as contact sheets, with names, probability and distance, and show them here if that is possible."""
    from deepthink.cli.terminal import detected
    from deepthink.flow.sheets import choose, draw

    opened = open_site(site)
    with progress("group") if by == "group" else contextlib.nullcontext(lambda *_: None) as update:
        choice = choose(opened, by, rows or ["all"], update)
    how = "" if as_json or show == "no" else detected() if show == "auto" else show
    found = []
    for one in draw(opened, choice, most):
        found.append(_as_dict(one))
        if not as_json:
            _tell(one, how)
    tell_problems(opened)
    if as_json or not found:
        emit(found, "There are no such faces.", as_json)


def _as_dict(one: Drawn) -> dict[str, object]:
    sheet = one.sheet
    return {"title": sheet.title, "page": sheet.page, "rows": sheet.rows, "faces": one.faces, "path": str(one.path)}


def _tell(one: Drawn, how: str) -> None:
    part = "" if len(one.sheet.rows) == one.faces else f" of {one.faces}"
    out.print(f"{one.sheet.title}  {len(one.sheet.rows)}{part} faces  {one.path}", markup=False)
    if how:
        out.file.flush()
        print(_picture(one.sheet.image, how), flush=True)


def _picture(image: np.ndarray, how: str) -> str:
    """Return a sheet as the terminal draws it, no wider than the terminal is."""
    import cv2

    from deepthink.cli.graphics import WAYS
    from deepthink.cli.terminal import width

    share = min(1.0, width() / image.shape[1])
    smaller = cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA) if share < 1 else image
    return WAYS[how](smaller)
