"""Carries DeepThink's requests to a host over Ansible's own connection, for as long as DeepThink has any.

Ansible runs this beside DeepThink, which talks to it through a socket, a line of JSON each way: {"run": arguments of
the interpreter there, "input": text} is answered by {"output": text}, {"copy": path here} by {"path": path there}, and
what went wrong by {"lost": words}. "last" is what is run when the socket ends: DeepThink is done then, or dead.
"""

from __future__ import annotations

import contextlib
import json
import shlex
import socket
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """The task of play.yaml."""

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Answer until the socket ends."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        named = (task_vars or {}).get("ansible_python_interpreter")
        self._python, self._last = _interpreter(self._templar.template(named)), None
        with contextlib.suppress(OSError):  # nobody is there any more
            self._converse(self._task.args["socket"])
        if self._last:
            self._answered(self._last)
        self._remove_tmp_path(self._connection._shell.tmpdir)
        self._connection.close()
        return result

    def _converse(self, address: str) -> None:
        with socket.socket(socket.AF_UNIX) as there:
            there.connect(address)
            for line in there.makefile("rb"):
                asked = json.loads(line)
                self._last = asked.get("last", self._last)
                there.sendall(json.dumps(self._answered(asked)).encode() + b"\n")

    def _answered(self, asked: dict[str, Any]) -> dict[str, str]:
        try:
            if "copy" in asked:
                return {"path": self._copied(asked["copy"])}
            found = self._low_level_execute_command(
                shlex.join([self._python, *asked["run"]]), in_data=asked["input"].encode()
            )
        except AnsibleError as error:
            return {"lost": str(error)}
        if found["rc"]:
            return {"lost": found["stderr"].strip() or f"{self._python} ended with {found['rc']}"}
        return {"output": found["stdout"]}

    def _copied(self, path: str) -> str:
        folder = self._connection._shell.tmpdir or self._make_tmp_path()
        place: str = self._connection._shell.join_path(folder, "brought")
        self._transfer_file(path, place)
        self._fixup_perms2((folder, place))
        return place


def _interpreter(named: Any) -> str:
    """Return the host's interpreter as the inventory names it; one that Ansible would look for is python3."""
    plain = str(named or "auto").removeprefix("~/")  # a session begins in the home folder
    return "python3" if plain.startswith("auto") else plain
