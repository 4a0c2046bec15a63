"""Says what to do about a node whose host key is not known, or is another than before."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

_SCAN_SECONDS = 10


def advice(said: str, host: str, port: int | None, known_hosts: Path) -> str:
    """Return what to tell a person when ssh refused a host key; empty when it was not that.

    Parameters
    ----------
    said : str
        What ssh wrote as errors.
    host, port
        Where the node is.
    known_hosts : Path
        The site's file of host keys.
    """
    if "Host key verification failed" not in said:
        return ""
    line = _scan(host, port)
    shows = f"It shows {_fingerprint(line)}" if line else "Its key could not be asked for"
    file = shlex.quote(str(known_hosts))
    compare = "`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the node itself"
    if "IDENTIFICATION HAS CHANGED" in said:
        where = f"[{host}]:{port}" if port and port != 22 else host
        return (
            f"the host key is not the one in {known_hosts}: the node was set up anew, or another machine answers in "
            f"its place. {shows}; compare with {compare}. When that is the same, forget the old key with "
            f"`ssh-keygen -R '{where}' -f {file}` and deploy again."
        )
    add = f"`echo '{line}' >> {file}`" if line else f"add its line to {known_hosts}"
    return (
        f"the host key is not in {known_hosts}, so nothing says that this is your node. {shows}; compare with "
        f"{compare}. When that is the same: {add}."
    )


def _scan(host: str, port: int | None) -> str:
    """Return the line for known_hosts that the node itself offers; empty when it does not answer."""
    command = ["ssh-keyscan", "-t", "ed25519", "-T", "5", "-p", str(port or 22), "--", host]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SCAN_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = [line for line in done.stdout.splitlines() if line and not line.startswith("#")]
    return lines[0] if lines else ""


def _fingerprint(line: str) -> str:
    done = subprocess.run(["ssh-keygen", "-lf", "-"], input=line, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "a key that ssh-keygen cannot read"
