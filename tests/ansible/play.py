"""The collection's playbooks, run as a person runs them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COLLECTION = Path(__file__).parents[2] / "ansible"
BIN = Path(sys.executable).parent


def surroundings(folder: Path) -> dict[str, str]:
    """Return an environment in which Ansible reads and writes nothing of the person's who runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return {
        **kept, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "ANSIBLE_CONFIG": str(COLLECTION / "ansible.cfg"),
        "ANSIBLE_HOME": str(folder / "ansible"), "ANSIBLE_LOCAL_TEMP": str(folder / "ansible/tmp"),
        "ANSIBLE_NOCOLOR": "1", "NO_COLOR": "1", "LC_ALL": "C.UTF-8",
    }  # fmt: skip


def ansible(folder: Path, *words: object, **more: str) -> subprocess.CompletedProcess[str]:
    """Run one of Ansible's programs in the collection's folder."""
    with tempfile.TemporaryDirectory(prefix="cp") as sockets:  # their paths must be short
        env = {**surroundings(folder), "ANSIBLE_SSH_CONTROL_PATH_DIR": sockets, **more}
        return subprocess.run(
            [str(word) for word in words],
            cwd=COLLECTION,
            env=env,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )


def playbook(folder: Path, name: object, inventory: dict[str, Any], **said: Any) -> Played:
    """Run a playbook of the collection, or one of the test's own, by its path."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "inventory.json"
    file.write_text(json.dumps(inventory))
    path = name if isinstance(name, Path) else f"playbooks/{name}.yaml"
    ran = ansible(folder, "ansible-playbook", "-i", file, path, "-e", json.dumps(said))
    return Played(ran.returncode == 0, ran.stdout + ran.stderr)


@dataclass(frozen=True)
class Played:
    """How a playbook went."""

    well: bool
    text: str

    @property
    def changed(self) -> list[str]:
        """The tasks that changed something."""
        tasks = re.split(r"(?m)^(?:TASK|RUNNING HANDLER) \[(?:\S+ : )?(.*)\] \*+$", self.text)[1:]
        return [task for task, told in zip(tasks[::2], tasks[1::2], strict=True) if "\nchanged: " in told]


def inventory(**groups: dict[str, Any]) -> dict[str, Any]:
    return {"all": {"children": {name: {"hosts": hosts} for name, hosts in groups.items()}}}
