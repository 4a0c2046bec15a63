"""A target that Ansible reaches: its inventory, its connections, its way to become another user.

Ansible runs beside us, started by ansible-runner, and carries the requests of `remote.py` (play/): a process for each
conversation, and on the node one for each request, which is why a claim there is a lease (node/lease.py).
"""

from __future__ import annotations

import base64
import json
import secrets
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deepthink.deployment.connection import ANSWER_SECONDS, HEAD, NODE, printable, program, read_answer
from deepthink.deployment.host_keys import advice
from deepthink.deployment.inventory import environment, program_of_ansible
from deepthink.deployment.login import CHECKED_KEYS, quoted
from deepthink.deployment.node.serve import NOBODY
from deepthink.deployment.remote import RemoteTarget
from deepthink.errors import DeploymentError, MissingExtraError

PLAY = Path(__file__).with_name("play") / "play.yaml"
START_SECONDS, END_SECONDS = 60.0, 90.0
SMALL = 1 << 20


@dataclass(frozen=True)
class Reach:
    """How Ansible is to reach a host.

    Host keys are checked, always, against the site's file and the user's own; nothing in an inventory can change that.
    """

    inventory: Path
    known_hosts: Path
    host: str
    variables: dict[str, Any] = field(default_factory=dict)  # the host's, as the inventory has them
    python: str | None = None

    def extra(self, address: str) -> dict[str, Any]:
        """Return the variables that win over the inventory's."""
        files = f"UserKnownHostsFile={quoted(self.known_hosts)} ~/.ssh/known_hosts"
        checked = [f"{name}={value}" for name, value in CHECKED_KEYS.items()]
        alive = ["ConnectTimeout=10", "ServerAliveInterval=5", "ServerAliveCountMax=3"]
        options = [*checked, files, "ControlMaster=auto", "ControlPersist=60s", *alive]
        arguments = " ".join(shlex.join(["-o", option]) for option in options)
        own = {"ansible_python_interpreter": self.python} if self.python else {}
        return {
            "deepthink_host": self.host, "deepthink_socket": address,
            "ansible_host_key_checking": True, "ansible_ssh_args": arguments, **own,
        }  # fmt: skip

    def why(self, said: str) -> str:
        """Return why a host could not be talked to, and what to do."""
        host, port = str(self.variables.get("ansible_host", self.host)), str(self.variables.get("ansible_port"))
        refused = advice(said, host, int(port) if port.isdigit() else None, self.known_hosts)
        plain = printable(" ".join(said.split())[-400:])
        return (
            refused or f"it cannot be reached ({plain}). Does `ansible -i {self.inventory} {self.host} -m ping` work?"
        )


class Talk:
    """A conversation with a node through Ansible.

    Parameters
    ----------
    name, folder, claim : str
        The target's name, its folder there, and what its claim on that is known by.
    reach : Reach
    """

    def __init__(self, name: str, folder: str, claim: str, reach: Reach) -> None:
        self.name, self.lost = name, False
        self._folder, self._claim, self._reach, self._claimed = folder, claim, reach, False
        self._home = tempfile.TemporaryDirectory(prefix="dt")  # short: a socket's path has 108 characters
        self._lines, self._end = self._started()

    def _started(self) -> tuple[Any, Callable[[], None]]:
        home = Path(self._home.name)
        with socket.socket(socket.AF_UNIX) as waiting:
            waiting.bind(str(home / "s"))
            waiting.listen(1)
            waiting.settimeout(0.2)
            runner = Runner(home, self._reach)
            until = time.monotonic() + START_SECONDS
            while runner.running() and time.monotonic() < until:
                with suppress(TimeoutError):
                    self._socket, _ = waiting.accept()
                    return self._socket.makefile("rwb"), runner.end
        runner.end()
        said = runner.said()
        self._home.cleanup()
        raise DeploymentError(f"{self.name}: Ansible did not begin: {said}")

    def ask(self, do: str, seconds: float = ANSWER_SECONDS, **what: Any) -> Any:
        """Send a request and return the answer; DeploymentError when it was refused, or the host is away."""
        self._claimed |= do == "lock"
        line: dict[str, Any] = self._run({"do": do, **what})
        if self._claimed:
            line["last"] = self._run({"do": "leave"})
        said = self._carried(do, line, seconds)["output"].splitlines()
        if not said:
            raise self._gone(do, "it said nothing")
        return read_answer(self.name, do, said[-1])

    def put(self, path: Path, size: int) -> None:
        """Send a file into what is being staged: a small one within the request, since a copy takes a second."""
        seconds = ANSWER_SECONDS + size / 1e5
        if size < SMALL:
            self.ask("take", seconds, name=path.name, content=base64.b64encode(path.read_bytes()).decode())
        else:
            place = self._carried("copy", {"copy": str(path.absolute())}, seconds)["path"]
            self.ask("take", seconds, name=path.name, path=place)

    def _run(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return what is to be run there for a request."""
        words = ["-c", HEAD, self._folder, self._claim if self._claimed else NOBODY]
        return {"run": words, "input": f"{program(*NODE)}{json.dumps(request)}\n"}

    def _carried(self, do: str, line: dict[str, Any], seconds: float) -> dict[str, str]:
        try:
            self._socket.settimeout(seconds + 30)
            self._lines.write(json.dumps(line).encode() + b"\n")
            self._lines.flush()
            answer: dict[str, str] = json.loads(self._lines.readline() or b'{"lost": "Ansible ended"}')
        except OSError as error:
            answer = {"lost": str(error)}
        if "lost" in answer:
            raise self._gone(do, answer["lost"])
        return answer

    def _gone(self, do: str, said: str) -> DeploymentError:
        self.close()
        return DeploymentError(f"{self.name}: the connection was lost during {do!r}: {self._reach.why(said)}")

    def close(self) -> None:
        """End it: what runs beside us gives the claim up, and ends."""
        if self.lost:
            return
        self.lost = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
            self._lines.close()
            self._socket.close()
        self._end()
        self._home.cleanup()


class Runner:
    """Ansible, at work on play.yaml; it outlives us when we are killed, and gives our claim up."""

    def __init__(self, home: Path, reach: Reach) -> None:
        try:
            import ansible_runner
        except ImportError:
            raise MissingExtraError("ansible-runner", "ansible") from None
        self._output = home / "output"
        words = ["-i", str(reach.inventory.absolute()), "-e", json.dumps(reach.extra(str(home / "s"))), str(PLAY)]
        alone = ["setsid", "--wait"] if shutil.which("setsid") else []  # what a terminal sends us is not for it
        command = [*alone, program_of_ansible("ansible-playbook"), *words]
        self._file = self._output.open("w")
        self._thread, _ = ansible_runner.run_command_async(
            command[0], command[1:], private_data_dir=str(home), envvars=environment(reach.inventory, home),
            runner_mode="subprocess", input_fd=subprocess.DEVNULL, output_fd=self._file.fileno(),
            error_fd=subprocess.STDOUT, quiet=True,
        )  # fmt: skip

    def running(self) -> bool:
        """Whether it has not ended."""
        return bool(self._thread.is_alive())

    def end(self) -> None:
        """Wait for its end."""
        self._thread.join(END_SECONDS)
        self._file.close()

    def said(self) -> str:
        """Return the last of what it wrote."""
        return " ".join(self._output.read_text(errors="replace").split())[-400:] or "it wrote nothing"


class AnsibleTarget(RemoteTarget):
    """Receives versions into a folder of a host that Ansible reaches.

    Parameters
    ----------
    name, folder, more
        As in `RemoteTarget`.
    reach : Reach
        The inventory and the host in it.
    """

    def __init__(self, name: str, folder: Path, reach: Reach, **more: Any) -> None:
        super().__init__(name, folder, **more)
        self.reach, self.python = reach, reach.python or "Ansible's own"
        self._claim = secrets.token_hex(8)

    def _connect(self) -> Talk:
        return Talk(self.name, str(self.folder), self._claim, self.reach)
