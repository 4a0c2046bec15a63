"""`deepthink doctor`: looks at the whole site and says what to do, in order of harm."""

from __future__ import annotations

from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from deepthink.cli.console import HERE, JsonFlag, SetFlag, SiteArgument, emit, progress

if TYPE_CHECKING:
    from deepthink.flow.doctor.finding import Finding


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("doctor", epilog="Example: deepthink doctor my-site --to porch")(doctor)


def doctor(
    site: SiteArgument = HERE,
    only: Annotated[
        str | None, typer.Option("--to", help="One target alone; this machine and all when left out.")
    ] = None,
    flags: SetFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Look at this machine and all targets, change nothing, say what to do; exit code 1 when something is harmful."""
    from deepthink.flow.doctor.examine import examine

    with progress("doctor") as update:
        findings = examine(site, only, flags or (), update)
    emit([asdict(one) for one in findings], as_text(findings), as_json)
    if any(one.harm == "harmful" for one in findings):
        raise typer.Exit(1)


def as_text(findings: list[Finding]) -> str:
    """Return findings as lines, grouped by harm, each with what to do below it.

    Examples
    --------
    >>> from deepthink.flow.doctor.finding import Finding, Harm
    >>> print(as_text([Finding(Harm.NOTICE, "it will swap", "add memory", "memory", "porch")]))
    1 notice
      porch: memory: it will swap
          -> add memory
    """
    lines: list[str] = []
    for harm, group in groupby(findings, lambda one: one.harm):
        alike = list(group)
        lines.append(f"{len(alike)} {harm}")
        for one in alike:
            lines.append(f"  {one.where}: {one.name}: {one.found}")
            lines += [f"      -> {one.next}"] if one.next else []
    return "\n".join(lines)
