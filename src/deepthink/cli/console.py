"""What all commands share: their common flags, and how they speak to people and to machines."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from deepthink.errors import MissingExtraError

if TYPE_CHECKING:
    from deepthink.flow.wiring import Site
    from deepthink.records import Progress as Tell

SiteFlag = Annotated[
    Path, typer.Option("--site", "-s", envvar="DEEPTHINK_SITE_FOLDER", help="The site's folder, or its site.yaml.")
]
SiteArgument = Annotated[Path, typer.Argument(help="The site's folder, or its site.yaml.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for machines.")]
SetFlag = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Set a key of site.yaml for this run alone.")
]
DateFlag = Annotated[list[str] | None, typer.Option("--date", help="A day, YYYY-MM-DD; can be given several times.")]
HERE = Path()

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def open_site(site: Path, flags: list[str] | None = None) -> Site:
    """Read a site's settings and make its parts."""
    from deepthink.flow.wiring import Site
    from deepthink.settings import load

    return Site(load(site, flags or ()))


@contextlib.contextmanager
def needing(extra: str, library: str) -> Iterator[None]:
    """Name the extra when a library that it brings is missing."""
    try:
        yield
    except ImportError as error:
        raise MissingExtraError(error.name or library, extra) from None


def emit(result: Any, text: str, as_json: bool) -> None:
    """Print a result: a few lines for people, or JSON for machines."""
    if as_json:
        content = asdict(result) if is_dataclass(result) and not isinstance(result, type) else result
        print(json.dumps(content, default=str, ensure_ascii=False))
    else:
        out.print(text, markup=False)


def tell_problems(site: Site) -> None:
    """Say on standard error what was passed over, the first few with file and line."""
    problems = site.datasink.problems
    for problem in problems.kept[:5]:
        err.print(f"passed over: {problem}", markup=False)
    if problems.count > 5:
        err.print(f"passed over: {problems.count - 5} more, all in problems.log of the training folder")
    if problems.count:
        log = site.training / "problems.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("".join(f"{problem}\n" for problem in problems.kept), encoding="utf-8")


@contextlib.contextmanager
def download(file: str) -> Iterator[Callable[[int, int], None]]:
    """Show a file's download on standard error, in bytes."""
    columns = [TextColumn("{task.description}"), BarColumn(30), DownloadColumn(), TransferSpeedColumn()]
    with Progress(*columns, TimeRemainingColumn(compact=True), console=err, transient=True) as shown:
        task = shown.add_task(file, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total or None)


@contextlib.contextmanager
def progress(step: str) -> Iterator[Tell]:
    """Show a step's progress on standard error: what, how much, since when, and how long yet."""
    columns = [
        TextColumn("{task.description:<10}"), BarColumn(30), MofNCompleteColumn(), TimeElapsedColumn(),
        TimeRemainingColumn(compact=True), TextColumn("{task.fields[what]}", style="dim"),
    ]  # fmt: skip
    with Progress(*columns, console=err) as shown:
        task = shown.add_task(step, total=None, what="")

        def update(done: int, total: int, what: str) -> None:
            shown.update(task, completed=done, total=total, what=what)

        yield update
        finished = shown.tasks[0]
        total = finished.total if finished.total is not None else 1
        shown.update(task, completed=total, total=total, what="")
