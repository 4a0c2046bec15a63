"""Nodes for tests: a real sshd each, on a port of the loopback, with a home folder of its own and throw-away keys."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from deepthink.deployment.login import Login
from deepthink.deployment.ssh import SshTarget
from tests.lacking import skip

SSHD = shutil.which("sshd", path="/usr/sbin:/sbin:/usr/local/sbin:/usr/bin")
CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile {folder}/pid
AuthorizedKeysFile {folder}/key.pub
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
MaxStartups 100
ForceCommand {folder}/enter
"""
ENTER = """#!/bin/sh
HOME={folder}/home PATH={folder}/bin:$PATH
export HOME PATH
cd "$HOME"
echo "Welcome to this node. A login shell may say something before we do."
{first}
exec sh -c "$SSH_ORIGINAL_COMMAND"
"""


def need_sshd() -> str:
    """Return sshd's path."""
    return SSHD or skip("sshd is not installed: apt-get install openssh-server")


class Node:
    """A machine that can be logged in to."""

    def __init__(self, folder: Path, python: str) -> None:
        self.folder, self.python, self.home, self.bin = folder, python, folder / "home", folder / "bin"
        self.site = folder / "a site, 100 % ours"  # ssh must not take its name for two, nor for one of its tokens
        for made in (self.home, self.bin, self.site):
            made.mkdir(parents=True)
        make_key(folder / "host_key")
        make_key(self.site / "key")
        shutil.copy(self.site / "key.pub", folder / "key.pub")
        self.port = free_port()
        self.enter_by("")
        (folder / "config").write_text(CONFIG.format(port=self.port, folder=folder))
        self.known_hosts = self.site / "known_hosts"
        self.know(folder / "host_key.pub")
        self.start()

    def start(self) -> None:
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.log = (self.folder / "log").open("w")
        self.sshd = subprocess.Popen(
            [need_sshd(), "-D", "-e", "-f", str(self.folder / "config")], stdin=subprocess.DEVNULL, stderr=self.log
        )
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())

    def stop(self) -> None:
        self.cut()
        self.sshd.terminate()
        self.sshd.wait()
        self.log.close()

    def sessions(self) -> list[int]:
        """Return the processes of sshd that serve a connection, their children's first."""
        return [child for child in descendants(self.sshd.pid) if is_sshd(child)]

    def cut(self) -> None:
        """Cut all connections, as a broken cable does for both sides: what runs on the node is not told to end."""
        end(self.sessions())

    def vanish(self) -> None:
        """Be gone at once: sshd first, so that nobody connects again, and with it the sessions that it had."""
        sessions = self.sessions()  # which the dead have no more
        self.sshd.kill()
        end(sessions)

    def enter_by(self, first: str) -> None:
        """Let sessions begin with a line of shell."""
        (self.folder / "enter").write_text(ENTER.format(folder=self.folder, first=first))
        (self.folder / "enter").chmod(0o755)

    def know(self, public: Path) -> None:
        kind, key = public.read_text().split()[:2]
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {kind} {key}\n")

    def script(self, name: str, text: str) -> None:
        """Put a command on the node's PATH."""
        (self.bin / name).write_text(f"#!/bin/sh\n{text}\n")
        (self.bin / name).chmod(0o755)

    def target(self, kind: type[SshTarget] = SshTarget, **settings) -> SshTarget:
        reach = {"port": self.port, "python": self.python, "user": None}
        login = Login("127.0.0.1", self.known_hosts, key=self.site / "key", **own(reach, settings))
        return kind("porch", Path("versions here"), login, **{"wait": 20.0, **settings})

    @property
    def place(self) -> Path:
        """Where the target's folder is."""
        return self.home / "versions here"


def end(processes: list[int]) -> None:
    for process in processes:
        with contextlib.suppress(OSError):
            os.kill(process, signal.SIGKILL)


def own(reach: dict, settings: dict) -> dict:
    """Take out of settings what is given instead of these."""
    return {name: settings.pop(name, value) for name, value in reach.items()}


def running(registry, target, *versions: str) -> None:
    """Make versions run without asking their golden probes."""
    target.site_signers = registry.keys.signers
    with target.claimed():
        for version in versions:
            target.stage(registry.get(version), registry.manifest(version))
            target.switch(version)


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def make_key(path: Path) -> None:
    path.unlink(missing_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)


def descendants(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        own = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return [one for child in own for one in (*descendants(child), child)]
    return []


def is_sshd(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().startswith("sshd")
    return False


def numpy_alone(folder: Path) -> str:
    """Make an interpreter that has NumPy and nothing else, as a node without DeepThink; return its path."""
    import numpy

    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    library = Path(numpy.__file__).parent
    for one in (library, library.with_name("numpy.libs")):
        if one.exists():
            (packages / one.name).symlink_to(one)
    return str(folder / "bin" / "python")
