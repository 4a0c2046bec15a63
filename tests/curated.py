"""A simulated site whose faces wait for review, and who they really show."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from deepthink.curation.facelist import Facelist, Status
from deepthink.flow.collect import detect_site, recognise_site, sweep_site
from deepthink.flow.desk import Desk
from deepthink.flow.wiring import Site
from deepthink.settings import load
from deepthink.simulate.plan import Plan, drawn_plan, simulate
from deepthink.simulate.reviewer import _by_frame, _decide


def quiet(*_):
    """Tell nobody."""


def film(folder: Path, plan: Plan | None = None) -> Path:
    """Film a day of three residents and a stranger, and sweep its faces, which nobody has a name for yet."""
    if plan is None:
        drawn = drawn_plan(seed=3, residents=3, strangers=5)
        plan = Plan(drawn.days[:1], drawn.residents, drawn.strangers, drawn.seed)
    simulate(folder, plan)
    site = Site(load(folder))
    days = [day.date for day in plan.days]
    detect_site(site, days, False, quiet)
    recognise_site(site, site.in_production(), days, False, quiet)
    sweep_site(site, days, quiet)
    desk = Desk(site)
    desk.study()
    return folder


def site_in(folder: Path, filmed: Path) -> Site:
    """Return a copy of a filmed site."""
    shutil.copytree(filmed, folder, dirs_exist_ok=True)
    return Site(load(folder))


def really(site: Site) -> dict[int, str]:
    """Return who each listed face shows: a resident's name, "stranger", or "remove" where there is nobody.

    Also of somebody who was filmed as looking away: a face that was found is theirs all the same.
    """
    rows = Facelist(site.facelist).rows
    frames = {}
    for number, row in rows.items():
        frames.setdefault((row.frame.date, row.frame.event, row.frame.time), {})[number] = row
    there, found = _by_frame(site), {}
    for moment, own in frames.items():
        for number, (verb, name) in _decide(own, [replace(one, facing=True) for one in there.get(moment, [])]).items():
            found[number] = name if verb == "accept" else verb
    return found


def decided(site: Site) -> dict[int, str]:
    """Return what the facelist says of each face: a name, "stranger", "remove", or "" where it waits."""
    said = {}
    for number, row in Facelist(site.facelist).rows.items():
        if row.enrolled:
            said[number] = row.name
        elif row.stranger:
            said[number] = "stranger"
        else:
            said[number] = "" if row.status == Status.CANDIDATE else "remove"
    return said
