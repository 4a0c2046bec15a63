"""`deepthink import`: brings what people have from other systems."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deepthink.cli.console import HERE, JsonFlag, SetFlag, SiteFlag, emit, err, open_site, progress, tell_problems

if TYPE_CHECKING:
    from deepthink.flow.bring_record import BringReport

EXAMPLES = (
    "Examples: deepthink import ~/people · deepthink import /media/frigate --dry-run · "
    "deepthink import http://nas:2283 --key-file immich.key"
)
WHAT = "people, frigate, double-take, faceid, compreface, immich; else what it holds decides."
Kind = Annotated[str | None, typer.Option("--kind", help=WHAT, metavar="KIND")]


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("import", epilog=EXAMPLES)(import_)


def import_(
    sources: Annotated[list[str], typer.Argument(help="Folders, or addresses of servers.", metavar="SOURCE...")],
    site: SiteFlag = HERE,
    kind: Kind = None,
    review: Annotated[bool, typer.Option("--review", help="Take nothing as confirmed: all wait for review.")] = False,
    strangers: Annotated[
        list[str] | None, typer.Option("--strangers", help="A name there that means nobody who lives here.")
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option("--key-file", help="Holds a server's API key; else DEEPTHINK_IMPORT_KEY does.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Look at all, change nothing, tell the same.")] = False,
    flags: SetFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Bring people's pictures from other systems; they are detected, aligned and embedded again by this site.

    What somebody has confirmed there is selected here, everything else waits for review. Doing it twice adds nothing.
    """
    from deepthink.curation.sources.asking import read_key
    from deepthink.curation.sources.find import find_source
    from deepthink.flow.bring import bring
    from deepthink.flow.bring_record import Wishes

    opened = open_site(site, flags)
    key, wishes = read_key(key_file, os.environ), Wishes(review, strangers or (), dry_run)
    found = [find_source(source, kind, key) for source in sources]
    reports = []
    for source in found:
        with progress("import") as update:
            reports.append(bring(opened, source, wishes, update))
        if not as_json:
            emit(None, _told(reports[-1]), False)
    tell_problems(opened)
    if as_json:
        emit([{**asdict(report), "taken": report.taken} for report in reports], "", True)
    ended = [f"{report.origin}: {report.ended} What had come is kept; run again to go on." for report in reports]
    broken = [words for words, report in zip(ended, reports, strict=True) if report.ended]
    if broken:
        err.print("\n".join(broken), markup=False)
        raise typer.Exit(1)


def _told(report: BringReport) -> str:
    """Return a line for each person, and what to do next."""
    width = max((len(name) for name in report.people), default=0)
    lines = [f"{report.kind}: {report.origin}"]
    for name, tally in report.people.items():
        took = [f"{getattr(tally, what)} {words}" for what, words in _WORDS.items() if getattr(tally, what)]
        passed = [f"{count} {why}" for why, count in sorted(tally.passed.items())]
        lines.append(f"  {name:{width}}  {', '.join(took) or 'none'}" + _after("; passed over: ", passed))
    lines += [f"  {theirs!r} is called {ours} here" for theirs, ours in report.names.items()]
    would = " would be imported; nothing was changed." if report.dry_run else " imported."
    return "\n".join([*lines, f"{report.taken} pictures{would}" + _next(report)])


_WORDS = {"selected": "selected", "candidate": "to review", "stranger": "strangers"}


def _after(words: str, items: list[str]) -> str:
    return words + ", ".join(items) if items else ""


def _next(report: BringReport) -> str:
    if report.dry_run or not report.taken:
        return ""
    waiting = sum(tally.candidate for tally in report.people.values())
    undo = f"   Take it back: deepthink review undo (action {report.action})" if report.action else ""
    return f"\nNext: deepthink {'review' if waiting else 'embed'}{undo}"
