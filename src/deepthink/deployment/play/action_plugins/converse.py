"""Carries DeepThink's requests to a host over Ansible's own connection, for as long as DeepThink has any.

Ansible runs this beside DeepThink, which talks to it through a socket: a line of JSON is a request, {"program": ...,
"folder": ..., "claim": ..., "request": {...}} and perhaps "file", which is copied there first; a line comes back. When
the socket ends, DeepThink is done, or dead: then the claim on the host's folder is given up here.
"""

from __future__ import annotations

import json
import socket
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """The task of play.yaml."""

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Answer until the socket ends."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        self._vars, last = task_vars, {}
        with socket.socket(socket.AF_UNIX) as there, there.makefile("rwb") as lines:
            there.connect(self._task.args["socket"])
            for line in iter(lines.readline, b""):
                last = json.loads(line)
                try:
                    lines.write(json.dumps(self._answered(dict(last))).encode() + b"\n")
                    lines.flush()
                except OSError:
                    break
        self._give_up(last)
        result["changed"] = bool(last.get("claim"))
        return result

    def _answered(self, asked: dict[str, Any]) -> dict[str, Any]:
        try:
            file = asked.pop("file", None)
            if file:
                folder = self._make_tmp_path()
                asked["request"]["path"] = self._connection._shell.join_path(folder, "brought")
                self._transfer_file(file, asked["request"]["path"])
                self._fixup_perms2((folder, asked["request"]["path"]))
            found = self._execute_module(module_name="converse", module_args=asked, task_vars=self._vars)
        except AnsibleError as error:
            return {"lost": str(error)}
        if found.get("failed") or "answer" not in found:
            return {"lost": f"{found.get('msg', 'no answer')} {found.get('module_stderr', '')}".strip()}
        answer: dict[str, Any] = found["answer"]
        return answer

    def _give_up(self, last: dict[str, Any]) -> None:
        """End the claim that was not ended: what carried the requests before carries this one."""
        if last.get("claim") and last["request"]["do"] != "leave":
            self._answered({**last, "file": None, "request": {"do": "leave"}})
        self._connection.close()
