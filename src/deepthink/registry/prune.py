"""Removes versions that nobody needs: never what runs, what ran before it, or what somebody has pinned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from deepthink.errors import DamagedVersionError
from deepthink.registry import lanes
from deepthink.registry.base import Registry
from deepthink.registry.lanes import PRODUCTION, RETIRED, TAINTED
from deepthink.registry.ledger import Ledger

KEPT, REMOVED = "kept", "removed"
RETENTION = 5  # as SentinelCam's sentinelcam_model_retention


@dataclass(frozen=True)
class Fate:
    """What becomes of a version."""

    version: str
    lane: str
    fate: str
    why: str
    size: int = 0  # bytes


def plan(registry: Registry, ledger: Ledger, keep: int, used: Mapping[str, str]) -> list[Fate]:
    """Say what would be removed.

    Retired and tainted versions go; of the others the newest stay.

    Parameters
    ----------
    registry : Registry
    ledger : Ledger
    keep : int
        How many versions that are neither in production nor retired nor tainted stay.
    used : mapping of str to str
        Versions that stay because of something outside the registry, and what that is.

    Returns
    -------
    list of Fate
        Of every version, the newest first.
    """
    content, versions = ledger.read(), list(reversed(registry.versions()))
    places = {version: (lane, entry) for version, lane, entry in lanes.standing(content)}
    before, gone = ledger.predecessors(), ledger.pruned()
    fates, ordinary = [], 0
    for version in versions:
        lane, entry = places.get(version, ("", {}))
        held = _held(version, lane, entry, before, used)
        ordinary += not held and lane not in ("", RETIRED, TAINTED)
        if version in gone:
            fate, why = REMOVED, "its removal was interrupted"
        elif held:
            fate, why = KEPT, held
        elif lane in (RETIRED, TAINTED):
            fate, why = REMOVED, f"{lane}: {entry.get('why', '')}"
        elif not lane:
            fate, why = KEPT, "not in versions.yaml"
        else:
            fate, why = (KEPT, f"among the newest {keep}") if ordinary <= keep else (REMOVED, f"{keep} newer ones")
        fates.append(Fate(version, lane, fate, why))
    return fates


def _held(version: str, lane: str, entry: Mapping[str, Any], before: Iterable[str], used: Mapping[str, str]) -> str:
    """Return what keeps a version whatever its age; empty when nothing does."""
    if lane == PRODUCTION:
        return "in production"
    if version in before:
        return "was in production before"
    return f"pinned: {entry['pinned']}" if entry.get("pinned") else used.get(version, "")


def prune(registry: Registry, ledger: Ledger, keep: int, used: Mapping[str, str]) -> list[Fate]:
    """Remove what `plan` says: from the ledger first, so that it never names what is not there.

    A kill in between is finished by the next one.
    """
    fates = []
    for fate in plan(registry, ledger, keep, used):
        if fate.fate == REMOVED:
            fate = replace(fate, size=_size(registry, fate.version))
            if ledger.lane(fate.version):
                ledger.move("prune", fate.version, fate.why)
            registry.remove(fate.version)
        fates.append(fate)
    registry.clear_up()
    return fates


def _size(registry: Registry, version: str) -> int:
    try:
        return sum(int(entry.get("size", 0)) for entry in registry.manifest(version)["files"])
    except DamagedVersionError:
        return 0
