"""Checks of this machine: its disk, its memory, its clock, its heat, its services."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from deepthink.curation.facelist import Facelist, Status
from deepthink.deployment.node import health
from deepthink.flow.doctor.finding import Finding, fine, harmful, notice, together, unknown
from deepthink.flow.wiring import Site
from deepthink.model.memory import Need, training_mb
from deepthink.records import UNKNOWN

MB = 2**20
FACE_BYTES = 1700  # of embeddings on disk, and their packed copy, measured; a version holds the first, 1,010, again
NOTEBOOK_BYTES = 64 * MB  # of pictures, pages and reports, and room to write them beside
PLENTY = 4  # so many times what is needed must be free before nothing is said
AHEAD_SECONDS = 300.0


def disk(site: Site) -> Finding:
    """Compare the free space with what a training and a publication will write."""
    faces, need = sum(enrolled(site).values()), dict[int, tuple[Path, int]]()
    training, registry = NOTEBOOK_BYTES + FACE_BYTES * faces, NOTEBOOK_BYTES + 1010 * faces + _size(site.facelist)
    for folder, size in ((site.training, training), (site.registry.root, registry)):
        there = health.standing(folder)
        device = there.stat().st_dev
        need[device] = there, size + need.get(device, (there, 0))[1]
    return together((one for there, size in need.values() for one in room(there, size)), _free(site.training))


def room(folder: Path, size: int) -> Iterator[Finding]:
    """Say when a disk has too little room for so many bytes, or hardly enough."""
    found = health.disk(folder)
    if found["files"] == 0:
        yield harmful(
            f"no more files can be made on the disk of {folder} (no inodes)", "remove old events: deepthink retain"
        )
    if found["free"] < PLENTY * size:
        say = harmful if found["free"] < size else notice
        yield say(
            f"{found['free'] / 1e6:,.0f} MB are free at {folder}; training and publishing write {size / 1e6:,.0f} MB",
            "make room: deepthink versions prune, deepthink retain",
        )


def _free(folder: Path) -> str:
    return f"{health.disk(health.standing(folder))['free'] / 1e9:,.1f} GB are free"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def enrolled(site: Site) -> dict[str, int]:
    """Return how many faces of each person the facelist has for training."""
    rows = Facelist(site.facelist).tally().items()
    used = [(name, count) for (status, name), count in rows if status in (Status.SELECTED, Status.IN_USE)]
    names = {name for name, _ in used} - {UNKNOWN}
    return {name: sum(count for other, count in used if other == name) for name in names}


def memory(site: Site) -> Finding:
    """Compare memory and swap with what training the enrolled faces will need."""
    has, rules, faces = health.memory(), site.settings.train, enrolled(site)
    if not has:
        return unknown("this system does not say how much memory it has")
    threads = len(os.sched_getaffinity(0))
    need = training_mb(sum(faces.values()), len(faces), rules.preset, rules.folds, threads)
    limit = None if rules.memory is None else rules.memory / MB
    if limit is not None and limit < need.least:
        return harmful(
            f"train.memory allows {limit:,.0f} MB, and {rules.preset} needs {need.least:,.0f}",
            "allow more, or train with fewer threads (taskset -c 0 deepthink train) or --set train.preset=quick",
        )
    return _fits(need, limit, {name: size / MB for name, size in has.items()})


def _fits(need: Need, limit: float | None, has: dict[str, float]) -> Finding:
    """Judge what will be taken by what is free now; swap helps, and is slow and wears an SD card out."""
    takes = min(need.most, max(limit or need.most, need.least))
    said = f"training will take about {takes:,.0f} MB; {has['free']:,.0f} MB are free, {has['swap_free']:,.0f} of swap"
    if takes > has["free"] + has["swap_free"]:
        lower = (
            "; or train.memory in site.yaml, such as " + f"{max(need.least, 0.8 * has['free']):.0f}MiB"
            if need.least
            else ""
        )
        return harmful(said, f"end what takes memory (free -h; ps aux --sort=-rss | head), or add swap{lower}")
    if takes > has["free"]:
        return notice(f"{said}: it will swap", "end what takes memory, or allow training less: train.memory")
    return fine(said)


def clock(site: Site) -> Finding:
    """Look whether the clock is kept right, and whether it stands before what this site has already written."""
    written = [site.facelist, site.ledger.path, site.training / "journal.jsonl"]
    ahead = max((path.stat().st_mtime for path in written if path.exists()), default=0.0) - time.time()
    then = "sudo timedatectl set-ntp true, and compare with `date`"
    if ahead > AHEAD_SECONDS:
        return harmful(
            f"it is {ahead / 3600:,.1f} hours behind what this site has written: events are joined by time", then
        )
    kept = health.synchronised()
    if kept is None:
        return unknown("nothing here says whether the clock is synchronised", "compare with `date` on another machine")
    return fine("synchronised") if kept else notice("the clock is not synchronised by the network", then)


def heat(site: Site) -> Finding:
    """Look whether the processor is so hot that it is slowed down."""
    found = health.heat()
    return unknown("this machine does not say how hot it is") if found is None else warmth(found)


def warmth(found: dict[str, float]) -> Finding:
    """Judge a temperature by the limit from which on the machine slows itself down."""
    said = f"{found['now']:.0f} °C, slowed down from {found['limit']:.0f} °C on"
    if found["now"] >= found["limit"]:
        return notice(f"{said}: everything takes longer", "let air to it, or a fan; on a Jetson look at nvpmodel -q")
    return fine(said)


def services(site: Site) -> Finding:
    """Look at the systemd units named deepthink*, the system's and this user's."""
    found, units = [], 0
    for who in ("", "--user"):
        for unit, state, more in _units(who):
            units += 1
            if state == "failed" or more == "auto-restart":
                manager = " ".join(word for word in ("systemctl", who, "status", unit) if word)
                log = f"journalctl {'--user-unit' if who else '-u'} {unit} -n 50"
                found.append(harmful(f"{unit} is {state} ({more})", f"{manager}; {log}"))
    return together(found, f"{units} units run as they should" if units else "no systemd unit named deepthink* here")


def _units(who: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, state and its detail of each unit; an old systemd marks a failed one with a dot in front."""
    options = [
        word for word in (who, "list-units", "--all", "--plain", "--no-legend", "--no-pager", "deepthink*") if word
    ]
    for line in health.said("systemctl", *options).splitlines():
        words = line.lstrip("●*x ").split()
        if len(words) > 3:
            yield words[0], words[2], words[3]
