"""What people have changed in versions.yaml by hand, in words."""

from __future__ import annotations

from collections import Counter
from typing import Any

from deepthink.registry.lanes import standing

FREE = ("notes",)  # people's own, as comments are: changing them needs nobody's leave


def differences(recorded: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Return what differs between the ledger as it was written and as it is, a sentence each; notes may.

    Examples
    --------
    >>> differences({"validated": [{"version": "alpha"}]}, {"production": {"version": "alpha"}})
    ['alpha was moved from validated to production']
    """
    before = {version: (lane, entry) for version, lane, entry in standing(recorded)}
    after = {version: (lane, entry) for version, lane, entry in standing(found)}
    said = [f"{version} was taken out of {before[version][0]}" for version in before if version not in after]
    said += [f"{version} was added to {after[version][0]}" for version in after if version not in before]
    for version in before:
        if version in after:
            said += _changes(version, *before[version], *after[version])
    return said + twice(found)


def _changes(version: str, lane: str, entry: dict[str, Any], new_lane: str, new: dict[str, Any]) -> list[str]:
    said = [f"{version} was moved from {lane} to {new_lane}"] if lane != new_lane else []
    for key in dict.fromkeys([*entry, *new]):
        if key not in FREE and str(entry.get(key)) != str(new.get(key)):
            said.append(f"{version}'s {key} was changed from {_shown(entry, key)} to {_shown(new, key)}")
    return said


def _shown(entry: dict[str, Any], key: str) -> str:
    return str(entry[key]) if key in entry else "nothing"


def twice(content: dict[str, Any]) -> list[str]:
    """Return which versions stand in a ledger more than once: none may."""
    counts = Counter(version for version, _, _ in standing(content))
    return [f"{version} stands there {count} times" for version, count in counts.items() if count > 1]
