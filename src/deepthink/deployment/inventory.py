"""Reads an Ansible inventory, with Ansible's own program, and resolves who receives what of a face model.

As in SentinelCam's role: `deepthink_deployment_targets` names hosts or groups under `face_model`, as sentinels,
datasinks and outposts; where it is not set, the groups of those names count, and outposts that ask for it by
`outpost_models`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepthink.errors import MissingExtraError, SettingsError

MODEL = "face_model"
NAMES = {MODEL, "face_recognition"}  # how the original calls it in its targets, and in its registry
GROUPS = {"sentinels": "sentinel", "datasinks": "datasink", "outposts": "outpost"}
Wanted = dict[str, dict[str, list[str]]]
_SECONDS = 60


@dataclass(frozen=True)
class Inventory:
    """Hosts with their variables, and groups with their hosts."""

    path: Path
    hosts: dict[str, dict[str, Any]]
    groups: dict[str, list[str]]

    def roles(self, wanted: Wanted | None = None) -> dict[str, str]:
        """Return who receives something, and as what: host to sentinel, datasink or outpost.

        Parameters
        ----------
        wanted : dict, optional
            In the shape of `deepthink_deployment_targets`; what the inventory says when left out.

        Raises
        ------
        SettingsError
            A name is neither a host nor a group, or a host is to be two things.
        """
        chosen = (wanted or self._wanted() or {MODEL: self._by_groups()}).get(MODEL) or {}
        if not isinstance(chosen, dict):
            raise SettingsError(f"{self.path}: {MODEL} must hold {', '.join(GROUPS)}, each with a list of names.")
        unknown = sorted(map(str, set(chosen) - set(GROUPS)))
        if unknown:
            raise SettingsError(f"{self.path}: {unknown[0]} receive no face model; known: {', '.join(GROUPS)}.")
        roles: dict[str, str] = {}
        for group, names in chosen.items():
            for host in self._named(group, [names] if isinstance(names, str) else names or []):
                if roles.setdefault(host, GROUPS[group]) != GROUPS[group]:
                    raise SettingsError(f"{self.path}: {host} is a {roles[host]} and a {GROUPS[group]} at once.")
        return roles

    def _wanted(self) -> Wanted | None:
        found = [values["deepthink_deployment_targets"] for values in self.hosts.values()
                 if "deepthink_deployment_targets" in values]  # fmt: skip
        if found and not isinstance(found[0], dict):
            raise SettingsError(f"{self.path}: deepthink_deployment_targets must be written out, not computed.")
        return found[0] if found else None

    def _by_groups(self) -> dict[str, list[str]]:
        asking = [host for host in self.groups.get("outposts", []) if NAMES & set(self._models(host))]
        return {**{name: self.groups.get(name, []) for name in ("sentinels", "datasinks")}, "outposts": asking}

    def _models(self, host: str) -> list[str]:
        models = self.hosts[host].get("outpost_models", [])
        return [str(one) for one in models] if isinstance(models, list) else []

    def _named(self, group: str, names: list[str]) -> list[str]:
        found: list[str] = []
        for name in names:
            hosts = [name] if name in self.hosts else self.groups.get(name)
            if hosts is None:
                raise SettingsError(f"{self.path}: {name}, of {group}, is neither a host nor a group of the inventory.")
            found += [host for host in hosts if host not in found]
        return found


def read_inventory(path: Path) -> Inventory:
    """Read an inventory file or folder with `ansible-inventory`.

    Raises
    ------
    SettingsError
        There is none, or Ansible cannot read it.
    MissingExtraError
        Ansible is not installed.
    """
    if not path.exists():
        raise SettingsError(f"No inventory at {path}: `deployment.inventory` of site.yaml names it.")
    with tempfile.TemporaryDirectory() as home:
        command = [program_of_ansible("ansible-inventory"), "-i", str(path.absolute()), "--list"]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, check=False,
            env={**os.environ, **environment(path, Path(home))},
        )  # fmt: skip
    if done.returncode or "Unable to parse" in done.stderr:
        raise SettingsError(f"{path} is no inventory that Ansible can read: {' '.join(done.stderr.split())[-400:]}")
    return _parsed(path, json.loads(done.stdout))


def _parsed(path: Path, listed: dict[str, Any]) -> Inventory:
    variables = listed.get("_meta", {}).get("hostvars", {})
    groups = {name: _members(listed, name) for name in listed if name != "_meta"}
    hosts = {host for members in groups.values() for host in members} | set(variables)
    return Inventory(path, {host: variables.get(host, {}) for host in sorted(hosts)}, groups)


def _members(listed: dict[str, Any], group: str, seen: frozenset[str] = frozenset()) -> list[str]:
    if group in seen:
        return []
    own = list(listed.get(group, {}).get("hosts", []))
    for child in listed.get(group, {}).get("children", []):
        own += [host for host in _members(listed, child, seen | {group}) if host not in own]
    return own


def program_of_ansible(name: str) -> str:
    """Return where a program of Ansible's is: beside our interpreter, or on the path."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise MissingExtraError("Ansible", "ansible")
    return found


def environment(inventory: Path, home: Path) -> dict[str, str]:
    """Return the environment of Ansible's programs: the network's ansible.cfg, and our folder for what they keep."""
    near = inventory.absolute()
    config = next((one / "ansible.cfg" for one in list(near.parents)[:3] if (one / "ansible.cfg").is_file()), None)
    if config is None:
        config = home / "empty.cfg"
        config.touch()
    named = os.environ.get("ANSIBLE_CONFIG", str(config))
    folder = Path(sys.executable).parent
    return {
        "ANSIBLE_CONFIG": named, "ANSIBLE_LOCAL_TEMP": str(home / "local"), "ANSIBLE_HOME": str(home),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(home), "ANSIBLE_NO_TARGET_SYSLOG": "True", "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_HOST_KEY_CHECKING": "True", "ANSIBLE_RETRY_FILES_ENABLED": "False", "ANSIBLE_NOCOLOR": "True",
        "ANSIBLE_LOCALHOST_WARNING": "False", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False",
        "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }  # fmt: skip
