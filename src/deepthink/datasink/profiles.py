"""How long events are kept: profiles for nodes, in the shape of SentinelCam's DailyCleanup.yaml."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from deepthink.errors import SettingsError

FACES, VEHICLES, MINIMAL, NEVER = "face_quality", "vehicle_interest", "minimal_retention", "never_delete"
STRATEGIES = (FACES, VEHICLES, MINIMAL, NEVER)
DEFAULT = "default"
_FILE_KEYS = ("run_deletes", "max_scan_days", "retention_profiles")


@dataclass(frozen=True)
class Profile:
    """How long the events of some nodes are kept; what is not said is as in SentinelCam."""

    name: str = DEFAULT
    strategy: str = MINIMAL
    retention_days: float = 7  # every event is kept so long
    extended_days: float = 30  # one with something of worth, so long
    speed_cutoff: float = 30.0  # in the unit of the speeds' labels, mph; a faster vehicle is kept for good
    confidence_threshold: float = 0.975  # 0 to 1; a face recognised with more has worth
    min_face_ratio: float = 0.15  # 0 to 1, of a day's events; fewer with faces: detection may not have run
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Policy:
    """All profiles, and SentinelCam's other two settings."""

    profiles: tuple[Profile, ...] = ()
    max_scan_days: float = 30  # SentinelCam looks no further back
    run_deletes: bool = False

    def of(self, node: str) -> Profile | None:
        """Return a node's profile: the last that names it, else the one called default, if there is one."""
        naming = [one for one in self.profiles if node in one.nodes]
        naming = naming or [one for one in self.profiles if one.name == DEFAULT]
        return naming[-1] if naming else None


def read_policy(path: Path) -> Policy:
    """Read a DailyCleanup.yaml.

    Raises
    ------
    SettingsError
        It is absent, is not YAML, or holds a key or a value that cannot work.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        # SentinelCam's begins with %YAML 1.0, of which nothing differs here, and which is read by nobody any more
        content = YAML(typ="safe").load("\n".join(line for line in lines if not line.startswith("%YAML")))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}. Set retain.file, or retain.profiles instead of it.") from None
    except (ValueError, YAMLError) as error:
        raise SettingsError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    return parse_policy(content, str(path))


def parse_policy(content: Any, where: str) -> Policy:
    """Check what a DailyCleanup.yaml holds; a key that is not known is an error: a slip could cost events."""
    content = _mapping({} if content is None else content, where, _FILE_KEYS)
    profiles = _mapping(content.get("retention_profiles") or {}, f"{where}: retention_profiles")
    deletes = content.get("run_deletes", False)
    if not isinstance(deletes, bool):
        raise SettingsError(f"{where}: run_deletes is {deletes!r}; it must be true or false.")
    days = _number(f"{where}: max_scan_days", content.get("max_scan_days", 30))
    return Policy(parse_profiles(profiles, where), days, deletes)


def parse_profiles(content: Mapping[str, Any], where: str) -> tuple[Profile, ...]:
    """Check profiles by their name.

    Examples
    --------
    >>> parse_profiles({"street": {"strategy": "vehicle_interest", "nodes": ["east"]}}, "site.yaml")[0].nodes
    ('east',)
    """
    return tuple(_profile(str(name), values or {}, f"{where}: {name}") for name, values in content.items())


def _profile(name: str, content: Any, where: str) -> Profile:
    known = [field.name for field in fields(Profile) if field.name != "name"]
    values = dict(_mapping(content, where, known))
    strategy, nodes = values.pop("strategy", MINIMAL), values.pop("nodes", None) or []
    if strategy not in STRATEGIES:
        raise SettingsError(f"{where}: there is no strategy {strategy!r}. Known: {', '.join(STRATEGIES)}.")
    if not isinstance(nodes, list | tuple) or not all(isinstance(node, str) for node in nodes):
        raise SettingsError(f"{where}: nodes is {nodes!r}; it must be a list of names, such as [alpha5, east].")
    numbers = {key: _number(f"{where}: {key}", value) for key, value in values.items()}
    return Profile(name, strategy, nodes=tuple(nodes), **numbers)


def _mapping(content: Any, where: str, known: Any = None) -> Mapping[str, Any]:
    if not isinstance(content, Mapping):
        raise SettingsError(f"{where} must hold keys and values, such as 'retention_days: 14'.")
    for key in content:
        if known is not None and key not in known:
            raise SettingsError(f"{where}: there is no key {key!r}. Known: {', '.join(known)}.")
    return content


def _number(where: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise SettingsError(f"{where} is {value!r}; it must be a number, 0 or more.")
    return value
