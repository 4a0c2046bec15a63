"""Looks at a whole site, everything at once and within a bound of time, and says what to do, in order of harm."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deepthink.errors import DeepthinkError, SettingsError
from deepthink.flow.doctor import machine, material, node, place, record, software, work
from deepthink.flow.doctor.finding import HERE, Finding, harmful, unknown, worst_first
from deepthink.flow.targets import Member
from deepthink.flow.wiring import Site
from deepthink.records import Progress
from deepthink.settings import load

SECONDS = 45.0  # that all checks together may take
Check = Callable[[Site], Finding]
CHECKS: tuple[Check, ...] = (
    place.paths, place.permissions, place.keys, place.locks, place.leftovers,
    software.libraries, software.notebook, machine.disk, machine.memory, machine.clock, machine.heat, machine.services,
    material.datasink, material.facelist, material.detector, material.embedder,
    record.registry, record.ledger, work.training, work.run,
)  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One check to make, of this machine or of a target."""

    name: str
    where: str
    look: Callable[[], list[Finding]]

    def done(self) -> list[Finding]:
        """Return what was found; a check that fails itself has found nothing out, and says why."""
        try:
            found = self.look()
        except Exception as error:  # whatever it is: a doctor that dies helps nobody
            why = " ".join(str(error).split()) or type(error).__name__
            found = [unknown(f"the check itself failed: {why}", "mend that, then look again")]
        return [replace(one, name=one.name or self.name, where=self.where) for one in found]


def examine(
    folder: Path,
    only: str | None = None,
    flags: Sequence[str] = (),
    progress: Progress = lambda done, total, what: None,
    seconds: float = SECONDS,
) -> list[Finding]:
    """Make all checks of a site, and return what they found, the most harmful first; nothing is changed.

    Parameters
    ----------
    folder : Path
        The site's folder, or its site.yaml.
    only : str, optional
        A target's name, or what several are (`datasinks`): only those are looked at.
    flags : sequence of str
        Settings for this look alone.
    progress : callable, optional
        Called with the checks done, their number, and the last one's name.
    seconds : float
        What is not done by then is reported as unknown.

    Raises
    ------
    SettingsError
        There is no target of that name.
    """
    try:
        site = Site(load(folder, flags))
    except SettingsError as error:
        return [replace(harmful(str(error), "mend site.yaml; nothing works without it"), name="settings")]
    members, found = _members(site)
    chosen = [member for member in members if only is None or member.is_named(only)]
    if only and members and not chosen:
        names = ", ".join(member.target.name for member in members)
        raise SettingsError(f"There is no target {only!r}. Known: {names}.")
    jobs = [] if only else [_here(check, site) for check in CHECKS]
    return worst_first(found + _all(jobs + [_there(member, site) for member in chosen], seconds, progress))


def _members(site: Site) -> tuple[list[Member], list[Finding]]:
    """Return the targets; where an inventory cannot be read there are none, and the rest is worth a look still."""
    try:
        return site.members, []
    except DeepthinkError as error:
        wrong = harmful(str(error), "mend `targets`, `deployment` or the inventory; nothing is deployed before that")
        return [], [replace(wrong, name="targets")]


def _here(check: Check, site: Site) -> Job:
    return Job(check.__name__.replace("_", " "), HERE, lambda: [check(site)])


def _there(member: Member, site: Site) -> Job:
    return Job("reachable", member.target.name, lambda: node.findings(member.target, site, member.version))


def _all(jobs: list[Job], seconds: float, progress: Progress) -> list[Finding]:
    """Do all jobs at once; a thread that hangs is left behind, and ends with this process."""
    ended: queue.Queue[tuple[Job, list[Finding]]] = queue.Queue()
    for job in jobs:
        threading.Thread(target=lambda job=job: ended.put((job, job.done())), name=job.name, daemon=True).start()
    found, until = dict[Job, list[Finding]](), time.monotonic() + seconds
    while len(found) < len(jobs):
        try:
            job, findings = ended.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            break
        found[job] = findings
        progress(len(found), len(jobs), job.name if job.where == HERE else job.where)
    late = unknown(f"no answer within {seconds:.0f} s", "look again when less is going on")
    return [one for job in jobs for one in found.get(job, [replace(late, name=job.name, where=job.where)])]
