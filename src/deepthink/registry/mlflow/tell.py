"""Lets MLflow's tags and aliases say what the ledger says, and reads what people ask for by moving an alias there.

Tag and alias of a version are set together. An alias on a version whose tag says something else was moved by somebody:
retired on beta2, whose tag says validated, asks that beta2 be retired.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deepthink.files import sha256
from deepthink.registry import lanes
from deepthink.registry.folder import FolderRegistry
from deepthink.registry.lanes import EXPERIMENTAL, LANES, PRODUCTION, RETIRED, TAINTED, VALIDATED
from deepthink.registry.manifest import MANIFEST
from deepthink.registry.mlflow.figures import DIGEST
from deepthink.registry.mlflow.model import Kept, Model
from deepthink.registry.mlflow.push import first

LANE, WHY, ASKED = "deepthink.lane", "deepthink.why", "deepthink.asked"
_TOLD = {
    "deepthink.accuracy": ("accuracy",), "deepthink.notes": ("notes",), "deepthink.deployed": ("deployed",),
    "deepthink.pinned": ("pinned",), WHY: ("why", "approved", "status"),
}  # fmt: skip
_LONGEST = 500  # characters
Known = tuple[Kept, str, Mapping[str, Any]]  # a version there, and lane and entry in the ledger here
VERBS = {VALIDATED: "approve", EXPERIMENTAL: "restore", RETIRED: "retire", TAINTED: "taint", PRODUCTION: "deploy"}


@dataclass(frozen=True)
class Asked:
    """What somebody asks for by an alias."""

    version: str
    alias: str
    verb: str  # that would do it
    why: str


def asked(registry: FolderRegistry, ledger: Mapping[str, Any], kept: Iterable[Kept]) -> list[Asked]:
    """Return what people ask for of the versions that are the same there and here.

    Parameters
    ----------
    registry : FolderRegistry
    ledger : mapping
        What the ledger holds.
    kept : iterable of Kept
        What the server has.
    """
    found = []
    for version, (one, lane, _) in _known(registry, ledger, kept).items():
        said = one.tags.get(LANE)
        why = one.tags.get(ASKED) or "asked for in MLflow"
        moved = [alias for alias in one.aliases if alias in LANES and alias != lane and said not in (None, alias)]
        found += [Asked(version, alias, VERBS[alias], why) for alias in moved]
    return found


def tell(registry: FolderRegistry, ledger: Mapping[str, Any], model: Model, overrule: bool = False) -> list[Asked]:
    """Let tags and aliases say what the ledger says, and return what people ask for.

    Parameters
    ----------
    registry, ledger, model
    overrule : bool, optional
        Put the aliases back that somebody has moved; else they stay where they are until they are answered.
    """
    kept = model.kept()
    wishes = asked(registry, ledger, kept)
    known = _known(registry, ledger, kept)
    open_wishes = [] if overrule else wishes
    for alias in LANES:
        if alias not in {wish.alias for wish in open_wishes}:
            _lead(model, alias, _newest(known, alias), kept)
    for version, (one, lane, entry) in known.items():
        if version not in {wish.version for wish in open_wishes}:
            _tag(model, one, lane, entry)
    return wishes


def _known(registry: FolderRegistry, ledger: Mapping[str, Any], kept: Iterable[Kept]) -> dict[str, Known]:
    """Return the versions that are the same there and here; one that only has the name is nothing of ours."""
    found: dict[str, Known] = {}
    kept = list(kept)
    for version, lane, entry in lanes.standing(dict(ledger)):
        one, path = first(kept, version), registry.root / version / MANIFEST
        if one and path.is_file() and one.tags.get(DIGEST) == sha256(path):
            found[version] = (one, lane, entry)
    return found


def _newest(known: Mapping[str, Known], alias: str) -> int | None:
    """Return what an alias should lead to: what is in production, the newest validated, the newest experimental."""
    if alias in (RETIRED, TAINTED):
        return None
    standing = [(str(entry.get("published", "")), one.number) for one, lane, entry in known.values() if lane == alias]
    return max(standing, default=("", None))[1]


def _lead(model: Model, alias: str, number: int | None, kept: Iterable[Kept]) -> None:
    leads = next((one.number for one in kept if alias in one.aliases), None)
    if leads != number:
        model.alias(alias, number)


def _tag(model: Model, one: Kept, lane: str, entry: Mapping[str, Any]) -> None:
    """Set a version's tags, where it stands the last of them."""
    for tag, keys in _TOLD.items():
        value = next((str(entry[key]) for key in keys if entry.get(key) is not None), "")
        model.tag(one, tag, value[:_LONGEST])
    model.tag(one, ASKED, "")
    model.tag(one, LANE, lane)
