"""How to log in to a node with OpenSSH's own client, and what to tell a person when that fails."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from deepthink.deployment.connection import HEAD
from deepthink.deployment.host_keys import advice

CHECKED_KEYS = {  # the first that ssh is given counts, so that no configuration can weaken these
    "IgnoreUnknown": "KnownHostsCommand", "StrictHostKeyChecking": "yes", "GlobalKnownHostsFile": "/dev/null",
    "KnownHostsCommand": "none", "VerifyHostKeyDNS": "no", "UpdateHostKeys": "no",
}  # fmt: skip
OPTIONS = {
    **CHECKED_KEYS, "BatchMode": "yes",
    "ConnectTimeout": "10", "ServerAliveInterval": "5", "ServerAliveCountMax": "3", "ControlMaster": "no",
    "ControlPath": "none", "RequestTTY": "no", "ClearAllForwardings": "yes", "ForwardAgent": "no",
    "PermitLocalCommand": "no", "RemoteCommand": "none", "EscapeChar": "none",
}  # fmt: skip
_SSH_FAILED = 255


@dataclass(frozen=True)
class Login:
    """Where a node is, who logs in, and the interpreter that is used there.

    Host keys are checked against the site's own file alone, always; what is None is left to ssh and its configuration.
    """

    host: str
    known_hosts: Path
    user: str | None = None
    port: int | None = None
    key: Path | None = None
    python: str = "python3"

    def command(self, folder: str) -> list[str]:
        """Return the command that runs the node's interpreter there, with a folder as its argument.

        Examples
        --------
        >>> Login("porch.lan", Path("known_hosts"), port=2222).command("deepthink")[-5:-1]
        ['-p', '2222', '--', 'porch.lan']
        """
        python = shlex.quote(self.python.removeprefix("~/"))  # a session begins in the home folder
        return self.running(f"exec {python} -c {shlex.quote(HEAD)} {shlex.quote(folder)}")

    def running(self, there: str) -> list[str]:
        """Return the command that runs a line of shell there."""
        options = {**OPTIONS, "UserKnownHostsFile": quoted(self.known_hosts)}
        if self.key:
            options |= {"IdentityFile": quoted(self.key), "IdentitiesOnly": "yes"}
        given = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        return ["ssh", "-T", *given, *self._flags(), "--", self.host, there]

    def _flags(self) -> list[str]:
        return [*(["-l", self.user] if self.user else []), *(["-p", str(self.port)] if self.port else [])]

    def why(self, said: str, code: int | None) -> str:
        """Return why a session did not begin, and what to do.

        Parameters
        ----------
        said : str
            What ssh, or the node, wrote as errors.
        code : int or None
            What the session ended with.
        """
        last = (said.splitlines() or [f"ended with {code}"])[-1].rstrip(".")
        where = " ".join([*self._flags(), self.host])
        if code != _SSH_FAILED:
            return (
                f"{self.python} does not run there ({last}). Name one that does: `python` of the target in site.yaml."
            )
        refused = advice(said, self.host, self.port, self.known_hosts)
        if refused or "Permission denied" not in last:
            return refused or f"it cannot be reached ({last}). Is it on, and does `ssh {where}` work?"
        return f"it does not let us in ({last}). Put the public key there: `ssh-copy-id {where}`."


def quoted(path: Path) -> str:
    """Return a path as ssh reads it in an option: a space would end it, and % begin a token."""
    return '"' + str(path).replace("%", "%%") + '"'
