"""Fetches a file that another program writes, from this machine or by ssh: whole, or not at all."""

from __future__ import annotations

import shlex
import subprocess
import time
from pathlib import Path

from deepthink.deployment.login import Login
from deepthink.errors import BadInputError, StepError
from deepthink.flow.targets import KNOWN_HOSTS
from deepthink.flow.wiring import Site

SECONDS, LONGEST = 300.0, 2**30  # of a copy over ssh; bytes of a file
TRIES, BETWEEN = 5, 1.0  # until it was the same twice: its writer replaces nothing in one step
FAILED = 255  # ssh itself


def fetch(site: Site, path: Path, to: Path) -> None:
    """Copy a file of the sentinel's, as it stood while nobody wrote to it.

    Parameters
    ----------
    site : Site
        Its `watch.pull` says where the file is.
    path : Path
        There; of this machine, relative to the site.
    to : Path
        Here.

    Raises
    ------
    StepError
        It cannot be had.
    BadInputError
        It is too long, or is written to all the time.
    """
    before = _read(site, path)
    for _ in range(TRIES):
        time.sleep(BETWEEN)
        now = _read(site, path)
        if now == before:
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(now)
            return
        before = now
    raise BadInputError(f"{path} is being written to: it was never twice the same.")


def _read(site: Site, path: Path) -> bytes:
    source = site.settings.watch.pull
    content = _there(site, path) if source.host else _here(site.settings.path(path))
    if len(content) > LONGEST:
        raise BadInputError(f"{path} has more than {LONGEST} bytes.")
    return content


def _here(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LONGEST + 1)
    except OSError as error:
        raise StepError(f"{path} cannot be read: {error.strerror}. See watch.pull in site.yaml.") from None


def _there(site: Site, path: Path) -> bytes:
    source = site.settings.watch.pull
    key = site.settings.path(source.key) if source.key else None
    login = Login(str(source.host), site.settings.root / KNOWN_HOSTS, source.user, source.port, key)
    command = login.running(f"exec head -c {LONGEST + 1} -- {shlex.quote(str(path))}")
    try:
        found = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise StepError(f"{source.host} did not send {path} within {SECONDS:.0f} s.") from None
    if found.returncode:
        said = found.stderr.decode(errors="replace").strip()
        own = said.splitlines()[-1] if said else f"head ended with {found.returncode}"
        raise StepError(f"{source.host}: {login.why(said, found.returncode) if found.returncode == FAILED else own}")
    return found.stdout
