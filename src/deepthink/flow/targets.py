"""The machines that receive versions: those of site.yaml, and those that an Ansible inventory names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from deepthink import plugins
from deepthink.deployment.base import Target
from deepthink.deployment.inventory import GROUPS, Inventory, read_inventory
from deepthink.deployment.parts import PARTS, ROLES, SENTINEL
from deepthink.deployment.variables import Variables
from deepthink.errors import SettingsError
from deepthink.settings import Settings, TargetSettings

FOLDER = "deepthink"  # on a host that does not say where
KNOWN_HOSTS = Path("known_hosts")
MOST = 32  # machines at once
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Member:
    """A target, what it is in the network, and the version that it is kept on where it does not follow the others."""

    target: Target
    role: str
    version: str | None = None

    def is_named(self, name: str) -> bool:
        """Whether it is meant by what it is, `sentinel`, `sentinels`, or by its own name, which comes first."""
        return name in (self.target.name, self.role, f"{self.role}s")


def each(items: Sequence[_Item], work: Callable[[_Item], _Result]) -> list[_Result]:
    """Do something with each, at once: most of it is waiting for other machines."""
    with ThreadPoolExecutor(max(1, min(len(items), MOST))) as pool:
        return list(pool.map(work, items))


def members(settings: Settings) -> list[Member]:
    """Return a site's targets; an inventory takes the place of the default one, and adds to those that are named.

    Raises
    ------
    SettingsError
        The inventory cannot be used, or two targets have one name.
    """
    inventory = settings.deployment.inventory
    named = [] if inventory and "targets" not in settings.model_fields_set else settings.targets
    found = [_of_settings(one, settings) for one in named]
    if inventory:
        found += _of_inventory(read_inventory(settings.path(inventory)), settings)
    names = [member.target.name for member in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise SettingsError(f"{twice} is a target in site.yaml and a host of the inventory: leave one of them out.")
    return found


def _of_settings(one: TargetSettings, settings: Settings) -> Member:
    factory: Any = plugins.find("targets", one.kind)
    receives = _receives(one.name, one.role, one.receives)
    if one.host is None:
        return Member(factory(one.name, settings.path(one.folder), receives=receives), one.role, one.version)
    left = {"name", "kind", "folder", "key", "role", "receives", "version"}
    more = one.model_dump(exclude=left, exclude_none=True)
    key = settings.path(one.key) if one.key else None
    known = settings.path(KNOWN_HOSTS)
    there = factory(one.name, one.folder, known_hosts=known, key=key, receives=receives, **more)
    return Member(there, one.role, one.version)


def _receives(name: str, role: str, wanted: list[str] | None, default: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the parts that a target receives: what its role does, unless something else is wanted."""
    receives = tuple(wanted or ROLES[role] or default)
    unknown = [part for part in receives if part not in PARTS]
    if unknown or not receives:
        what = f"there is no part {unknown[0]!r}" if unknown else f"an {role} receives what `receives` names"
        raise SettingsError(f"{name}: {what}. Known: {', '.join(PARTS)}.")
    return receives


def _of_inventory(inventory: Inventory, settings: Settings) -> list[Member]:
    roles = inventory.roles(settings.deployment.targets or None)
    if not roles:
        raise SettingsError(
            f"{inventory.path} names nobody who receives a face model: it has no hosts in {', '.join(GROUPS)}, "
            "nor deepthink_deployment_targets."
        )
    return [_of_host(inventory, host, role, settings) for host, role in roles.items()]


def _of_host(inventory: Inventory, host: str, role: str, settings: Settings) -> Member:
    said = Variables(inventory, host)
    service = {name: said.text(f"deepthink_{name}") for name in ("restart", "healthy")}
    more: dict[str, Any] = {name: value for name, value in service.items() if value is not None}
    patience = said.number("deepthink_patience")
    more |= {"patience": patience} if patience is not None else {}
    more["receives"] = _receives(host, role, said.words("deepthink_receives"), SENTINEL)
    folder = Path(said.text("deepthink_folder") or FOLDER)
    reach = _by_ansible if settings.deployment.via == "ansible" else _by_ssh
    return Member(reach(inventory, host, folder, settings, more), role, said.version())


def _by_ansible(inventory: Inventory, host: str, folder: Path, settings: Settings, more: dict[str, Any]) -> Target:
    from deepthink.deployment.ansible import AnsibleTarget, Reach

    python = Variables(inventory, host).text("deepthink_python")
    reach = Reach(inventory.path, settings.path(KNOWN_HOSTS), host, inventory.hosts[host], python)
    return AnsibleTarget(host, folder, reach, **more)


def _by_ssh(inventory: Inventory, host: str, folder: Path, settings: Settings, more: dict[str, Any]) -> Target:
    """Reach a host of the inventory without Ansible, by what the inventory says of it."""
    from deepthink.deployment.ssh import ssh_target

    said = Variables(inventory, host)
    if (said.text("ansible_connection") or "ssh") not in ("ssh", "smart"):
        raise SettingsError(f"{host} is not reached by ssh: set `deployment.via: ansible` in site.yaml.")
    port, key = said.number("ansible_port"), said.text("ansible_ssh_private_key_file")
    named = said.text("deepthink_python") or said.text("ansible_python_interpreter") or "auto"
    return ssh_target(
        host, folder, host=said.word("ansible_host") or host, known_hosts=settings.path(KNOWN_HOSTS),
        user=said.word("ansible_user"), port=int(port) if port else None, key=Path(key).expanduser() if key else None,
        python="python3" if named.startswith("auto") else named, **more,
    )  # fmt: skip
