"""A target that is a folder on another machine, reached by ssh.

The node needs sshd and a Python, with NumPy where it receives a model.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deepthink.deployment.connection import Connection
from deepthink.deployment.login import Login
from deepthink.deployment.remote import RemoteTarget
from deepthink.errors import DeploymentError


class SshTarget(RemoteTarget):
    """Receives versions into a folder of another machine, over one ssh session.

    Parameters
    ----------
    name, folder, more
        As in `RemoteTarget`.
    login : Login
        How the node is reached, and which interpreter is used there: that of what will use the versions.
    """

    def __init__(self, name: str, folder: Path, login: Login, **more: Any) -> None:
        super().__init__(name, folder, **more)
        self.login, self.python = login, login.python

    def _connect(self) -> Connection:
        try:
            connection = Connection(self.name, self.login.command(str(self.folder)))
        except FileNotFoundError:
            raise DeploymentError(f"{self.name}: ssh is not installed here. Run: apt install openssh-client") from None
        if connection.start():
            return connection
        raise DeploymentError(f"{self.name}: {self.login.why(connection.said(), connection.code)}")


def ssh_target(
    name: str, folder: Path, *, host: str, known_hosts: Path, user: str | None = None, port: int | None = None,
    key: Path | None = None, python: str = "python3", **more: Any,
) -> SshTarget:  # fmt: skip
    """Make a target of a site's settings; `more` is what else SshTarget takes."""
    return SshTarget(name, folder, Login(host, known_hosts, user, port, key, python), **more)
