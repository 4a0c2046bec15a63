"""What is known of versions, and what is done with them after they are published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deepthink.errors import DamagedVersionError, DeepthinkError, TransitionError, VersionNotFoundError
from deepthink.files import locked
from deepthink.flow.mirror import follow
from deepthink.flow.release import refresh_links
from deepthink.flow.wiring import Site
from deepthink.registry import lanes
from deepthink.registry.lanes import PRODUCTION, VALIDATED
from deepthink.registry.prune import Fate, plan, prune
from deepthink.registry.sentinelcam import SentinelCamRegistry


@dataclass(frozen=True)
class Listed:
    """A version at a glance."""

    version: str
    lane: str  # empty: the ledger does not know it
    created: str
    accuracy: float | None
    notes: str
    status: str  # why it is where it is, if somebody said so
    pinned: str
    targets: tuple[str, ...]  # that run it


def list_versions(site: Site) -> list[Listed]:
    """Return all versions of the registry, the newest first, and those that the ledger alone knows."""
    standing = {version: (lane, entry) for version, lane, entry in lanes.standing(site.ledger.read())}
    held = list(reversed(site.registry.versions()))
    names = [*held, *(version for version in standing if version not in held)]
    running = _running(site)
    return [_listed(site, name, *standing.get(name, ("", {})), running) for name in names]


def _listed(site: Site, version: str, lane: str, entry: Mapping[str, Any], running: Mapping[str, list[str]]) -> Listed:
    status = next((str(entry[key]) for key in ("why", "approved", "status") if entry.get(key)), "")
    created = str(_manifest(site, version).get("created", ""))[:19]
    accuracy = entry.get("accuracy")
    return Listed(
        version, lane, created, None if accuracy is None else float(accuracy), str(entry.get("notes", "")), status,
        str(entry.get("pinned", "")), tuple(running.get(version, ())),
    )  # fmt: skip


def _manifest(site: Site, version: str) -> dict[str, Any]:
    try:
        return site.registry.manifest(version)
    except (VersionNotFoundError, DamagedVersionError):
        return {}


def _running(site: Site) -> dict[str, list[str]]:
    """Return which targets run each version; one that cannot be reached is left out."""
    found: dict[str, list[str]] = {}
    for target in site.targets:
        try:
            found.setdefault(target.current() or "", []).append(target.name)
        except (DeepthinkError, OSError):
            continue
    return found


def show_version(site: Site, version: str) -> dict[str, Any]:
    """Return a version's manifest, its place in the ledger, and its history."""
    manifest = site.registry.manifest(version)
    lane, entry = lanes.find(site.ledger.read(), version) or ("", {})
    past = [entry for entry in site.ledger.history.entries() if entry.get("version") == version]
    history = [{key: value for key, value in one.items() if key not in ("ledger", "before")} for one in past]
    return {"version": version, "lane": lane, "entry": dict(entry), "manifest": manifest, "history": history}


def move_version(site: Site, verb: str, version: str, why: str) -> str | None:
    """Approve, retire, taint or restore a version, while nobody rolls one out."""
    with locked(site.registry.root / "rollout"):
        stands = site.ledger.move(verb, version, why)
        refresh_links(site)
    follow(site)
    return stands


def prune_versions(site: Site, keep: int, delete: bool) -> list[Fate]:
    """Remove versions that nobody needs, or say which would be."""
    with locked(site.registry.root / "rollout"):
        if not delete:
            return plan(site.registry, site.ledger, keep, _used(site))
        fates = prune(site.registry, site.ledger, keep, _used(site))
        refresh_links(site)
    follow(site)
    return fates


def _used(site: Site) -> dict[str, str]:
    """Return the versions that targets run or would go back to.

    A target that cannot be asked stops the pruning: it may run what would be removed.
    """
    used = {member.version: f"{member.target.name} is kept on it" for member in site.members if member.version}
    for target in site.targets:
        for version, words in ((target.previous(), "would go back to it"), (target.current(), "runs it")):
            if version:
                used[version] = f"{target.name} {words}"
    return used


def export_version(site: Site, version: str, theirs: SentinelCamRegistry, keep: int | None) -> dict[str, Any]:
    """Put a version into SentinelCam's registry, and make it current there if it is in production here.

    Raises
    ------
    TransitionError
        It is neither in production nor validated: what failed, or is tainted, reaches no node by this way either.
    """
    with locked(site.registry.root / "rollout"):
        lane = site.ledger.lane(version)
        folder, manifest = site.registry.get(version), site.registry.manifest(version)
        if lane not in (PRODUCTION, VALIDATED):
            raise TransitionError(f"{version} is {lane or 'not in versions.yaml'}; only what is validated is exported.")
        name = theirs.add(folder, manifest, [target.name for target in site.targets])
        if lane == PRODUCTION:
            theirs.use(name)
        removed = theirs.retain(keep) if keep else []
    return {"version": version, "name": name, "current": lane == PRODUCTION, "removed": removed}
