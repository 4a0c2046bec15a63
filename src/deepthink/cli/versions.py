"""`deepthink versions`: what was published, where it stands, and what it was made of."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

from deepthink.cli.console import HERE, JsonFlag, SiteFlag, emit, err, open_site, out

app = typer.Typer(help="The published versions: where each stands, and what it was made of.", no_args_is_help=True)
Version = Annotated[str, typer.Argument(help="The version.")]
_COLOURS = {"production": "bold green", "validated": "green", "tainted": "red", "retired": "dim"}


@app.command("list", epilog="Example: deepthink versions list")
def list_all(site: SiteFlag = HERE, as_json: JsonFlag = False) -> None:
    """List the versions, the newest first: where each stands, how good it is, and which node runs it."""
    from deepthink.flow.versions import list_versions

    opened = open_site(site)
    found = list_versions(opened)
    _warn(opened)
    if as_json:
        emit([asdict(one) for one in found], "", True)
        return
    table = Table("version", "stands", "created", "accuracy", "", "runs on", "pinned", box=None, padding=(0, 2, 0, 0))
    for one in found:
        accuracy = "" if one.accuracy is None else f"{one.accuracy:.1%}"
        words = "; ".join(filter(None, (one.notes, one.status)))
        lane = one.lane or "not in versions.yaml"
        table.add_row(
            one.version, lane, one.created, accuracy, words, ", ".join(one.targets), one.pinned,
            style=_COLOURS.get(lane, ""),
        )  # fmt: skip
    out.print(table)


@app.command(epilog="Example: deepthink versions show gamma4")
def show(version: Version, site: SiteFlag = HERE, as_json: JsonFlag = False) -> None:
    """Show a version: its verdict, what it holds, and all that became of it."""
    from deepthink.flow.versions import show_version

    found = show_version(open_site(site), version)
    manifest, verdict = found["manifest"], found["manifest"].get("verdict") or {}
    gates = [f"  {'passed' if gate['passed'] else 'FAILED'}  {gate['name']}" for gate in verdict.get("gates", [])]
    files = [f"  {file['size']:>12,}  {file['sha256'][:12]}  {file['name']}" for file in manifest["files"]]
    past = [_told(entry) for entry in found["history"]]
    head = f"{version}: {found['lane'] or 'not in versions.yaml'}, made {str(manifest.get('created', ''))[:19]}"
    emit(found, "\n".join([head, "gates", *gates, "files", *files, "history", *past]), as_json)


@app.command(epilog="Example: deepthink versions compare beta2 gamma3")
def compare(
    first: Version,
    second: Version,
    site: SiteFlag = HERE,
    same: Annotated[bool, typer.Option("--all", help="Show what is the same, too.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Put two versions side by side."""
    from deepthink.flow.comparison import compare_versions

    lines = compare_versions(open_site(site), first, second)
    if as_json:
        emit([{**asdict(line), "differs": line.differs} for line in lines], "", True)
        return
    table = Table("", first, second, box=None, padding=(0, 2, 0, 0))
    for line in lines:
        if same or line.differs:
            table.add_row(line.what, line.first, line.second, style="" if line.differs else "dim")
    out.print(table)
    alike = sum(not line.differs for line in lines)
    if not same:
        out.print(f"{alike} more are the same: --all", style="dim")


@app.command(epilog="Example: deepthink versions lineage gamma3 --person Ann --faces")
def lineage(
    version: Version,
    site: SiteFlag = HERE,
    person: Annotated[str | None, typer.Option("--person", help="Only this person's faces.")] = None,
    faces: Annotated[bool, typer.Option("--faces", help="Name every face.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Follow a version back to the exact faces that it was made of."""
    from deepthink.flow.lineage import lineage as follow

    found = follow(open_site(site), version, person)
    lines = [" <- ".join([version, *found.before]), f"  embedder  {found.embedder}"]
    lines += [f"  {digest[:12]}  {name}" for name, digest in found.files.items()]
    for name, uses in sorted(found.people().items()):
        lines.append(f"  {name:20} " + ", ".join(f"{count} {use}" for use, count in uses.items()))
        for face in found.faces if faces else ():
            if face.person == name:
                row = "" if face.row is None else f"row {face.row}"
                lines.append(f"    {face.use:10} {row:9} {face.event} {face.time} {face.box} {face.picture or 'gone'}")
    emit(found, "\n".join(lines), as_json)


@app.command(epilog="Example: deepthink versions history")
def history(site: SiteFlag = HERE, as_json: JsonFlag = False) -> None:
    """Show every transition: when, who, what, and why."""
    opened = open_site(site)
    entries = [{k: v for k, v in e.items() if k not in ("ledger", "before")} for e in opened.ledger.history.entries()]
    emit(entries, "\n".join(f"{entry.get('version', ''):16}{_told(entry)}" for entry in entries), as_json)


def _warn(site: Any) -> None:
    for sentence in site.ledger.edits():
        err.print(f"changed by hand: {sentence}. deepthink versions accept, or undo", markup=False)


def _told(entry: dict[str, Any]) -> str:
    """Return a transition on one line."""
    way = f"{entry.get('from') or 'new'} -> {entry.get('to') or 'gone'}" if "from" in entry else ""
    return f"  {entry['when']}  {entry['who']:20} {entry['what']:16} {way:28} {entry.get('why', '')}"
