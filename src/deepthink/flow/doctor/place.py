"""Checks of a site's folders: that they are there, can be written, and hold nothing that a killed command left."""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Iterator
from pathlib import Path

from deepthink.datasink.removal import unfinished
from deepthink.deployment.node.health import read_only, refused
from deepthink.flow.doctor.finding import Finding, fine, harmful, notice, together
from deepthink.flow.processes import holder, words
from deepthink.flow.wiring import Site
from deepthink.registry.signers import read_signers

READ_ONLY = "look with `dmesg` for errors: a failing SD card is set to read-only. Copy it, and replace it"
MINUTES = 10  # that something half written may be old before nobody is at work on it any more


def paths(site: Site) -> Finding:
    """Look whether what the settings name is there; what DeepThink makes by itself need not be."""
    absent = [f"{key}: {path} is not there" for key, path in _named(site) if not path.exists()]
    return together((harmful(one, "set it right in site.yaml, or put it there") for one in absent), "all are there")


def _named(site: Site) -> Iterator[tuple[str, Path]]:
    settings = site.settings
    sink, own = settings.datasink, settings.validation.truth
    named = {"datasink.curve": sink.curve, "validation.truth": own, "retain.file": settings.retain.file}
    if sink.feed is None:
        named |= {"datasink.data": sink.data, "datasink.images": sink.images}
    if settings.embedder.endswith((".yaml", ".yml")):
        named["embedder"] = Path(settings.embedder)
    named |= {f"targets: {one.name}: key": one.key for one in settings.targets}
    yield from ((key, settings.path(path)) for key, path in named.items() if path is not None)


def folders(site: Site) -> list[Path]:
    """Return the folders that commands write to."""
    settings = site.settings
    named = (settings.training, settings.registry, settings.montages, settings.datasink.data)
    return [site.facelist.parent, *(settings.path(one) for one in named)]


def permissions(site: Site) -> Finding:
    """Look whether folders can be written, and locks taken: a command run as root once leaves what nobody else can."""
    closed = [path for folder in folders(site) if (path := refused(folder))]
    closed += [str(path) for folder in folders(site) for path in folder.glob(".*.lock") if not os.access(path, os.W_OK)]
    if site.facelist.exists() and not os.access(site.facelist, os.R_OK):
        closed.append(str(site.facelist))
    if not closed:
        return fine("everything that must be written can be")
    user, named = pwd.getpwuid(os.getuid()).pw_name, ", ".join(dict.fromkeys(closed))
    if read_only(Path(closed[0])):
        return harmful(f"{named}: the disk is mounted read-only", READ_ONLY)
    return harmful(f"{user} may not write {named}", f"sudo chown -R {user} {' '.join(dict.fromkeys(closed))}")


def keys(site: Site) -> Finding:
    """Look whether the private keys are private, and the site believes its own signatures."""
    logins = [site.settings.path(one.key) for one in site.settings.targets if one.key]
    private = [path for path in (site.keys.private, *logins) if path.exists()]
    open_to = [path for path in private if path.stat().st_mode & 0o077]
    if open_to:
        named = " ".join(str(path) for path in open_to)
        return harmful(f"others can read {named}", f"chmod 600 {named}")
    own = site.keys.own()
    if own is None:
        return fine("no key yet: the first publish makes it")
    if own.key not in {one.key for one in read_signers(site.keys.signers)}:
        return harmful(
            f"{site.keys.signers} does not trust the site's own key", f"deepthink keys trust {site.keys.public}"
        )
    if not site.keys.private.exists():
        return notice("the private key is not here: versions can be used, and not published", "bring it back")
    return fine(f"private, and {own.fingerprint} is trusted")


def locks(site: Site) -> Finding:
    """Look who keeps others waiting; a process that was suspended does so until it goes on."""
    held = {path: pid for folder in folders(site) for path in folder.glob(".*.lock") if (pid := holder(path))}
    return together((_held(path, pid) for path, pid in held.items()), "nobody holds any")


def _held(path: Path, pid: int) -> Finding:
    name, (state, command) = path.name.removeprefix(".").removesuffix(".lock"), words(pid)
    if state == "T":
        return harmful(
            f"{name} is held by process {pid} ({command}), which is suspended", f"kill -CONT {pid}, or end it"
        )
    return notice(f"{name} is in use by process {pid} ({command})", "wait for it, or end it")


def leftovers(site: Site) -> Finding:
    """Look for what killed commands left: it takes space, and may hold people's faces."""
    before = time.time() - 60 * MINUTES
    parts = [path for folder in folders(site) for path in folder.glob(".*.part") if _changed(path) < before]
    found = (
        [notice(f"half written: {', '.join(map(str, dict.fromkeys(parts)))}", _remedy(site, parts))] if parts else []
    )
    deletions = unfinished(site.settings.path(site.settings.datasink.data))
    if deletions:
        found.append(notice(f"{len(deletions)} deletions of events were begun and not ended", "deepthink retain"))
    return together(found, "nothing")


def _remedy(site: Site, parts: list[Path]) -> str:
    staged = any(path.parent == site.registry.root for path in parts)
    return "the next deepthink publish clears the registry; the rest can be removed" if staged else "remove it"


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # it was being written, and has its place now
        return time.time()
