"""What comes from MLflow: versions that a trusted trainer has signed, and what people ask for by aliases there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deepthink.errors import (
    BadInputError,
    DamagedVersionError,
    DeepthinkError,
    VersionExistsError,
    VersionNotFoundError,
)
from deepthink.files import locked, sha256
from deepthink.flow.mirror import LOCK, follow
from deepthink.flow.release import refresh_links
from deepthink.flow.versions import move_version
from deepthink.flow.wiring import Site
from deepthink.registry.lanes import PRODUCTION
from deepthink.registry.manifest import MANIFEST
from deepthink.registry.mlflow import figures
from deepthink.registry.mlflow.files import Files
from deepthink.registry.mlflow.model import Kept
from deepthink.registry.mlflow.pull import pull
from deepthink.registry.mlflow.push import first
from deepthink.registry.mlflow.tell import Asked, asked
from deepthink.registry.naming import check_version
from deepthink.registry.publish import enter


@dataclass
class Arrived:
    """What a pull did."""

    new: list[str] = field(default_factory=list)
    there: list[str] = field(default_factory=list)  # here already
    refused: dict[str, str] = field(default_factory=dict)  # why
    differs: list[str] = field(default_factory=list)  # what the server says otherwise than the signed manifest
    asked: list[Asked] = field(default_factory=list)  # and not done
    done: list[Asked] = field(default_factory=list)


def from_mlflow(site: Site, version: str | None = None, apply: bool = False) -> Arrived:
    """Take versions from MLflow's registry, and do or tell what people ask for there.

    Parameters
    ----------
    site : Site
    version : str, optional
        Only this one; else all.
    apply : bool
        Whether to do what aliases there ask for; nothing is ever put into production by that.

    Raises
    ------
    VersionNotFoundError
        MLflow has no such version.
    DamagedVersionError, BadInputError
        The version that was named is refused; of all, those are only listed.
    StepError
        The server did not answer.
    """
    arrived = Arrived()
    with locked(site.registry.root / LOCK):
        kept = site.mlflow.kept()
        for name in _chosen(kept, version):
            try:
                (arrived.new if _take(site, name, kept, arrived) else arrived.there).append(name)
            except (DamagedVersionError, BadInputError, VersionExistsError) as error:
                if version:
                    raise
                arrived.refused[name] = str(error)
        wishes = asked(site.registry, site.ledger.read(), kept)
    if arrived.new:
        refresh_links(site)
        follow(site)
    for wish in wishes:
        _answer(site, wish, apply, arrived)
    return arrived


def _chosen(kept: Iterable[Kept], version: str | None) -> list[str]:
    names = list(dict.fromkeys(one.tags[figures.VERSION] for one in kept if one.tags.get(figures.VERSION)))
    if version and version not in names:
        raise VersionNotFoundError(version, names)
    return [version] if version else names


def _take(site: Site, name: str, kept: Iterable[Kept], arrived: Arrived) -> bool:
    """Take a version in, unless it is here, or was and is pruned; a taking that was killed is completed."""
    one = first(kept, name)
    if one is None or check_version(name) in site.ledger.pruned():
        return False
    here = name in site.registry.versions()
    if here and sha256(site.registry.root / name / MANIFEST) != one.tags.get(figures.DIGEST):
        raise BadInputError(f"another {name} is published here, and never changes; MLflow's cannot be called so")
    if not here:
        site.ledger.check_publishable(name)
        manifest = pull(name, Files(site.mlflow.server, one.run), site.registry)
        arrived.differs += _differences(site, name, one, manifest)
    if not here or site.ledger.lane(name) is None:
        enter(name, site.registry.manifest(name)["verdict"], site.ledger, "taken from MLflow")
    return not here


def _differences(site: Site, name: str, one: Kept, manifest: dict[str, Any]) -> list[str]:
    """Return what the server says otherwise than the signed manifest, which counts."""
    folder: Path = site.registry.root / name
    parameters, metrics = site.mlflow.said(one.run)
    signed = {**figures.parameters(folder, manifest), **figures.metrics(manifest), **figures.tags(folder, manifest)}
    there = {**parameters, **metrics, **one.tags}
    wrong = [key for key, value in signed.items() if key in there and there[key] != value]
    return [f"{name}: {key} is {there[key]} in MLflow; signed is {signed[key]}" for key in wrong]


def _answer(site: Site, wish: Asked, apply: bool, arrived: Arrived) -> None:
    if not apply or wish.alias == PRODUCTION:
        arrived.asked.append(wish)
        return
    try:
        move_version(site, wish.verb, wish.version, wish.why)
        arrived.done.append(wish)
    except DeepthinkError as error:
        arrived.refused[wish.version] = str(error)
