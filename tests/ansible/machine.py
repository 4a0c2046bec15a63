"""A bare Debian for tests, reached as Ansible reaches a machine: by an sshd of its own, on a port of the loopback."""

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

from tests.deployment.nodes import free_port, make_key
from tests.lacking import need_root, skip

SUITE = "bookworm"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
KEPT = "/etc/registries.crt"  # not where Debian's own package writes


def need_debian() -> None:
    """Go on only where a bare Debian can be made."""
    need_root("make a bare Debian")
    for program, package in (("mmdebstrap", "mmdebstrap"), ("unshare", "util-linux"), ("ssh", "openssh-client")):
        if shutil.which(program) is None:
            skip(f"{program} is not installed: apt-get install {package}")


def bare_debian(folder: Path, *packages: str) -> Path:
    """Make the root of a bare Debian: apt and what it needs, sshd, systemd's files, and no Python."""
    include = ",".join(("openssh-server", "systemd", *packages))
    command = ["mmdebstrap", "--quiet", "--variant=apt", f"--include={include}", SUITE, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    reach_registries(folder)
    return folder


def reach_registries(root: Path) -> None:
    """Let a machine reach what this one reaches, in the same way."""
    for file in ("/etc/resolv.conf", "/etc/hosts"):
        shutil.copy(file, root / file[1:])
    certificates = Path(os.environ.get("SSL_CERT_FILE", CERTIFICATES))
    if certificates.exists():
        shutil.copy(certificates, root / KEPT[1:])
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    lines = [line.partition("=") for line in listed.stdout.splitlines()]
    said = {name.rpartition(".")[2]: value.strip("'") for name, _, value in lines}
    said = {name: value for name, value in said.items() if "file:" not in value and not value.startswith("/")}
    own = {**said, "cert": KEPT} if certificates.exists() else said
    (root / "etc/pip.conf").write_text("[global]\n" + "".join(f"{name} = {value}\n" for name, value in own.items()))


class Machine:
    """A root that can be logged in to. Its mounts and processes are its own, and end with its sshd."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root, self.folder, self.port = root, folder, free_port()
        folder.mkdir(parents=True, exist_ok=True)
        make_key(folder / "key")
        keys = root / "root/.ssh/authorized_keys"
        keys.parent.mkdir(mode=0o700, exist_ok=True)
        shutil.copy(folder / "key.pub", keys)
        make_key(root / "etc/ssh/ssh_host_ed25519_key")
        kind, key = (root / "etc/ssh/ssh_host_ed25519_key.pub").read_text().split()[:2]
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {kind} {key}\n")
        (root / "run/sshd").mkdir(mode=0o755, exist_ok=True)

    def __enter__(self) -> Machine:
        with (self.folder / "log").open("w") as log:
            words = ("/usr/sbin/sshd", "-D", "-e", "-o", f"Port={self.port}", "-o", "ListenAddress=127.0.0.1")
            self.sshd = subprocess.Popen([*self.within, *words], stdin=subprocess.DEVNULL, stderr=log)
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return self
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())

    def __exit__(self, *_: object) -> None:
        self.sshd.send_signal(signal.SIGKILL)  # its child is the first process of its namespace: all others end with it
        self.sshd.wait()

    @property
    def within(self) -> list[str]:
        """The beginning of a command that runs in namespaces of its own."""
        own = ["unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", f"--mount-proc={self.root}/proc"]
        terminals = 'mount -t devpts -o newinstance,ptmxmode=0666 devpts "$0/dev/pts" && exec chroot "$0" "$@"'
        return [*own, "sh", "-c", terminals, str(self.root)]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command on it, as root."""
        return subprocess.run([*self.within, *words], capture_output=True, text=True, timeout=120, check=False)

    def host(self, **said: object) -> dict[str, object]:
        """Return what an inventory says of it."""
        options = f"-F none -o UserKnownHostsFile={self.folder}/known_hosts -o StrictHostKeyChecking=yes"
        return {
            "ansible_host": "127.0.0.1", "ansible_port": self.port, "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self.folder / "key"),
            "ansible_ssh_common_args": f"{options} -o IdentitiesOnly=yes -o ControlPersist=20",
            **said,
        }  # fmt: skip
