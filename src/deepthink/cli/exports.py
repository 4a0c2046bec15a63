"""`deepthink versions`, what goes to SentinelCam's own registry and what is read from it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deepthink.cli.console import HERE, JsonFlag, SiteFlag, emit, open_site
from deepthink.cli.mlflow import app
from deepthink.cli.versions import Version

if TYPE_CHECKING:
    from deepthink.registry.sentinelcam import SentinelCamRegistry

RootFlag = Annotated[Path, typer.Option("--registry", help="Their model_registry folder.")]
ConfigFlag = Annotated[Path, typer.Option("--config", help="Their group_vars/all/model_registry.yaml.")]
HostsFlag = Annotated[Path | None, typer.Option("--hosts", help="Their host_vars folder, for versions of one host.")]


@app.command("sentinelcam", epilog="Example: deepthink versions sentinelcam --registry model_registry --config mr.yaml")
def list_theirs(root: RootFlag, config: ConfigFlag, hosts: HostsFlag = None, as_json: JsonFlag = False) -> None:
    """List the face models of a SentinelCam registry, which is used where, and whether each is whole."""
    found = _table(_theirs(root, config, hosts))
    lines = [f"{one['version']:14} {one['used']:28} {one['state']}" for one in found]
    emit(found, "\n".join(lines) or f"No face model is in {root}.", as_json)


def _theirs(root: Path, config: Path, hosts: Path | None) -> SentinelCamRegistry:
    from deepthink.registry.sentinelcam import SentinelCamRegistry

    return SentinelCamRegistry(root, config, hosts)


def _table(theirs: SentinelCamRegistry) -> list[dict[str, Any]]:
    from deepthink.errors import DamagedVersionError

    found, overrides = [], theirs.overrides()
    current, previous = theirs.used()
    for version in theirs.versions():
        used = [word for word, name in (("current", current), ("previous", previous)) if name == version]
        used += [host for host, own in overrides.items() if own == version]
        try:
            ours = theirs.check(version).get("deepthink_version", "")
            state = "whole" + (f", our {ours}" if ours else "")
        except DamagedVersionError as error:
            state = str(error)
        found.append({"version": version, "used": ", ".join(used), "state": state})
    return found


@app.command(epilog="Example: deepthink versions export-sentinelcam gamma3 --registry model_registry --config mr.yaml")
def export_sentinelcam(
    version: Version,
    root: RootFlag,
    config: ConfigFlag,
    hosts: HostsFlag = None,
    site: SiteFlag = HERE,
    keep: Annotated[int | None, typer.Option(min=1, help="Remove theirs but the newest so many, and all used.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Put a version into SentinelCam's registry; what is in production here becomes current there."""
    from deepthink.flow.versions import export_version

    theirs = _theirs(root, config, hosts)
    done = export_version(open_site(site), version, theirs, keep)
    word = "is current" if done["current"] else "is there, and not current: it is not in production here"
    lines = [f"{version} {word}, as {done['name']}.", *(f"removed {name}" for name in done["removed"])]
    lines.append("Next: ansible-playbook playbooks/deploy-models.yaml --tags=face_recognition")
    emit(done, "\n".join(lines), as_json)
