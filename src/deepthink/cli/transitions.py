"""`deepthink versions`, what changes something: where a version stands, and what the registry shows of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from deepthink.cli.console import HERE, JsonFlag, SiteFlag, emit, open_site
from deepthink.cli.versions import Version, app

Why = Annotated[str, typer.Option("--why", help="For those who read the journal later.")]
Keep = Annotated[int, typer.Option("--keep", min=0, help="How many versions stay, besides those that must.")]


def _move(verb: str, version: str, why: str, site: Any, as_json: bool) -> None:
    from deepthink.flow.versions import move_version

    stands = move_version(open_site(site), verb, version, why)
    emit({"version": version, "stands": stands}, f"{version} is {stands} now.", as_json)


@app.command(epilog="Example: deepthink versions approve beta2 --why 'the two misses are one bad frame'")
def approve(version: Version, why: Why, site: SiteFlag = HERE, as_json: JsonFlag = False) -> None:
    """Let a version that failed validation pass."""
    _move("approve", version, why, site, as_json)


@app.command(epilog="Example: deepthink versions retire alpha --why 'too few people'")
def retire(version: Version, why: Why, site: SiteFlag = HERE, as_json: JsonFlag = False) -> None:
    """Put a version out of use: it is not deployed any more, and the next prune removes it."""
    _move("retire", version, why, site, as_json)


@app.command(epilog="Example: deepthink versions taint beta2 --why 'Bob was listed as Ann'")
def taint(version: Version, why: Why, site: SiteFlag = HERE, as_json: JsonFlag = False) -> None:
    """Say that a version is bad: neither a deployment nor a rollback takes it."""
    _move("taint", version, why, site, as_json)


@app.command(epilog="Example: deepthink versions restore alpha --why 'the winter is back'")
def restore(version: Version, why: Why, site: SiteFlag = HERE, as_json: JsonFlag = False) -> None:
    """Take back a retirement, or a taint: what was tainted is experimental then."""
    _move("restore", version, why, site, as_json)


@app.command(epilog="Example: deepthink versions pin beta2 --why 'the winter one'")
def pin(version: Version, why: Why, site: SiteFlag = HERE, as_json: JsonFlag = False) -> None:
    """Keep a version from ever being pruned."""
    open_site(site).ledger.pin(version, why)
    emit({"version": version, "pinned": why}, f"{version} is pinned: {why}", as_json)


@app.command(epilog="Example: deepthink versions unpin beta2")
def unpin(version: Version, site: SiteFlag = HERE, as_json: JsonFlag = False) -> None:
    """Let a version be pruned again."""
    open_site(site).ledger.unpin(version)
    emit({"version": version, "pinned": None}, f"{version} is not pinned any more.", as_json)


@app.command(epilog="Example: deepthink versions prune --keep 5, and then: deepthink versions prune --keep 5 --delete")
def prune(
    site: SiteFlag = HERE,
    keep: Keep = 5,
    delete: Annotated[bool, typer.Option("--delete/--dry-run", help="Remove them, or only tell.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Remove versions that nobody needs: never production, what ran before it, or a pinned one."""
    from deepthink.flow.versions import prune_versions

    fates = prune_versions(open_site(site), keep, delete)
    words = {"kept": "kept", "removed": "removed" if delete else "would go"}
    lines = [f"{words[one.fate]:9} {one.version:16} {one.lane:13} {one.why}" for one in fates]
    going = sum(one.fate == "removed" for one in fates)
    last = f"{going} removed, {sum(one.size for one in fates) / 1e6:.1f} MB freed." if delete else (
        f"Nothing was removed. Remove {going}: deepthink versions prune --keep {keep} --delete"
    )  # fmt: skip
    emit([asdict(one) for one in fates], "\n".join([*lines, last]), as_json)


@app.command(epilog="Example: deepthink versions accept --why 'measured again'")
def accept(why: Why, site: SiteFlag = HERE, as_json: JsonFlag = False) -> None:
    """Let what was changed in versions.yaml by hand count."""
    opened = open_site(site)
    _edits(opened.ledger.accept(why, opened.registry.versions()), "accepted", as_json)


@app.command(epilog="Example: deepthink versions undo")
def undo(site: SiteFlag = HERE, as_json: JsonFlag = False) -> None:
    """Undo what was changed in versions.yaml by hand."""
    _edits(open_site(site).ledger.undo(), "undone", as_json)


@app.command(epilog="Example: deepthink versions link")
def link(site: SiteFlag = HERE, as_json: JsonFlag = False) -> None:
    """Make facemodel_production.pickle and its like in the registry; from then on they follow the ledger."""
    from deepthink.registry import links

    opened = open_site(site)
    made = links.build(opened.registry.root, opened.ledger)
    text = "\n".join(f"{name} -> {file}" for name, file in made.items())
    emit(made, text or "No version is in production or validated yet.", as_json)


@app.command(epilog="Example: deepthink versions tag --gto")
def tag(
    site: SiteFlag = HERE,
    gto: Annotated[bool, typer.Option("--gto", help="By GTO's names: face-recognition@v3.0.0+gamma3.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Make git tags of the ledger, where the registry lies in a repository: model-gamma3, model-beta2-validated."""
    from deepthink.registry import tags

    opened = open_site(site)
    done = (tags.tag_as_gto if gto else tags.tag)(opened.registry.root, opened.ledger)
    lines = [*(f"made     {name}" for name in done.made), *(f"removed  {name}" for name in done.removed)]
    lines += [f"left     {name}: it is there already, and not ours" for name in done.theirs]
    emit(done, "\n".join(lines) or "All tags are right.", as_json)


def _edits(edits: list[str], done: str, as_json: bool) -> None:
    text = "\n".join(f"{done}: {sentence}" for sentence in edits)
    emit(edits, text or "versions.yaml was not changed by hand.", as_json)
