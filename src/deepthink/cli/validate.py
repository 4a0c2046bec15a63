"""`deepthink validate`: asks a version the events it never saw."""

from __future__ import annotations

import typer

from deepthink.cli.console import HERE, JsonFlag, SetFlag, SiteFlag, emit, open_site, progress, tell_problems
from deepthink.cli.version import VersionArgument, current_version


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("validate", epilog="Example: deepthink validate gamma4")(validate)


def validate(
    version: VersionArgument = None, site: SiteFlag = HERE, flags: SetFlag = None, as_json: JsonFlag = False
) -> None:
    """Ask a trained version the events kept from its training, and write its verdict and report."""
    from deepthink.flow.prove import validate_site
    from deepthink.flow.version_files import version_files

    opened = open_site(site, flags)
    name = current_version(opened, version)
    with progress("validate") as update:
        verdict = validate_site(opened, name, update)
    tell_problems(opened)
    lines = [f"{name}: {verdict.outcome}."]
    lines += [
        f"  {'yes' if gate.passed else 'no ':3} {gate.question} {gate.found} (limit: {gate.limit})"
        for gate in verdict.gates
    ]
    lines.append(f"Report: {version_files(opened, name).proof / 'report.html'}\nNext: deepthink publish {name}")
    emit(verdict.as_dict(), "\n".join(lines), as_json)
