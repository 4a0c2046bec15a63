"""`deepthink versions`, what goes to MLflow's registry and what comes from it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from deepthink.cli.console import HERE, JsonFlag, SiteFlag, emit, open_site
from deepthink.cli.transitions import app

if TYPE_CHECKING:
    from deepthink.registry.mlflow.tell import Asked

Which = Annotated[str | None, typer.Argument(help="The version; all when left out.")]


@app.command("to-mlflow", epilog="Example: deepthink versions to-mlflow gamma3")
def to_mlflow(
    version: Which = None,
    site: SiteFlag = HERE,
    overrule: Annotated[bool, typer.Option("--overrule", help="Put aliases back that somebody has moved.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Put versions into MLflow's registry, and let its tags and aliases say what versions.yaml says."""
    from deepthink.flow.mirror import to_mlflow as push

    done = push(open_site(site), version, overrule=overrule)
    lines = [*(f"sent     {name}" for name in done.new), *(f"there    {name}" for name in done.there)]
    if not done.speaks:
        lines.append("Another site speaks for that model in MLflow: tags and aliases are its to set.")
    lines += [_wish(one) for one in done.asked] if not overrule else []
    emit(asdict(done), "\n".join(lines) or "No version is in versions.yaml yet.", as_json)


@app.command("from-mlflow", epilog="Example: deepthink versions from-mlflow, and then: ... from-mlflow --apply")
def from_mlflow(
    version: Which = None,
    site: SiteFlag = HERE,
    apply: Annotated[bool, typer.Option("--apply", help="Do what aliases there ask for: approve, retire...")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Take versions from MLflow's registry that a trusted key has signed; tell what people ask for there."""
    from deepthink.flow.arrival import from_mlflow as pull

    done = pull(open_site(site), version, apply)
    lines = [*(f"taken    {name}" for name in done.new), *(f"here     {name}" for name in done.there)]
    lines += [f"refused  {name}: {why}" for name, why in done.refused.items()]
    lines += [f"differs  {sentence}, and counts" for sentence in done.differs]
    lines += [f"done     {one.verb} {one.version}: {one.why}" for one in done.done]
    lines += [_wish(one) for one in done.asked]
    emit(asdict(done), "\n".join(lines) or "MLflow has no version of that model.", as_json)
    if done.refused:
        raise typer.Exit(1)


def _wish(one: Asked) -> str:
    apply = "deepthink versions from-mlflow --apply, or to refuse it: deepthink versions to-mlflow --overrule"
    how = f"deepthink deploy {one.version}" if one.verb == "deploy" else apply
    return f"asked    {one.alias} for {one.version} ({one.why}): {how}"
