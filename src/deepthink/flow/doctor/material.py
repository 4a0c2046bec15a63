"""Checks of what is learned from: the datasink, the facelist, and the networks that look at pictures."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import numpy as np

from deepthink.curation.facelist import Facelist, Status
from deepthink.datasink.base import Datasink
from deepthink.errors import DeepthinkError, WeightsError
from deepthink.flow.doctor.finding import Finding, fine, harmful, notice
from deepthink.flow.doctor.machine import AHEAD_SECONDS
from deepthink.flow.wiring import Site
from deepthink.records import Box

QUIET = timedelta(days=3)  # without an event: a camera may be off
RECENT = 7  # days that are looked into for the newest event
GREY = np.full((240, 320, 3), 128, np.uint8)  # a picture without faces
REWRITTEN = 60.0  # seconds after which a facelist that ends in the middle of a line is not just being written


def datasink(site: Site) -> Finding:
    """Look whether the datasink can be read, and how old its newest event is."""
    sink = site.datasink
    if not getattr(sink, "healthy", lambda: True)():
        return harmful(
            f"the DataPump at {site.settings.datasink.feed} does not answer",
            "look whether it runs, whether its port is open from here, and at datasink.feed and datasink.curve",
        )
    try:
        newest = _newest(sink)
    except DeepthinkError as error:
        return harmful(str(error), "set datasink.data right, or mount its disk")
    return _age(newest, sink)


def _newest(sink: Datasink) -> datetime | None:
    for date in reversed(sink.dates()[-RECENT:]):
        if events := sink.events(date):
            return events[-1].start
    return None


def _age(newest: datetime | None, sink: Datasink) -> Finding:
    if newest is None:
        return notice("it holds no events yet", "let the cameras run, or try: deepthink simulate")
    age = datetime.now() - newest
    said = f"its newest event began at {newest:%Y-%m-%d %H:%M}"
    if age < -timedelta(seconds=AHEAD_SECONDS):
        return harmful(f"{said}, which is yet to come", "set the clock right, here or on the camera's node")
    if age > QUIET:
        return notice(f"{said}, {age.days} days ago", "look whether the cameras and the camwatcher run")
    if sink.problems.count:
        return notice(f"{said}; {sink.problems.kept[0]}", "such lines are passed over; deepthink run lists them all")
    return fine(said)


def facelist(site: Site) -> Finding:
    """Look whether the facelist can be read, all of it, and what waits in it."""
    path = site.facelist
    if not path.exists():
        return fine("none yet: deepthink run makes it")
    try:
        content = path.read_bytes()
    except OSError as error:
        return harmful(f"{path} cannot be read: {error.strerror}", "mend that, or bring it back from a backup")
    if not content.endswith(b"\n") and time.time() - path.stat().st_mtime > REWRITTEN:
        return harmful(
            f"{path} ends in the middle of a line: something was ended while it wrote",
            "bring it back from a backup, or from the registry; until then no event is deleted",
        )
    rows = Facelist(path)
    tally = rows.tally()
    said = f"{sum(tally.values()):,} rows"
    if rows.problems.count:
        first = rows.problems.kept[0]
        return notice(f"{said}, and {rows.problems.count:,} lines that cannot be read: {first}", "mend or remove them")
    waiting = sum(count for (status, _), count in tally.items() if status == Status.CANDIDATE)
    return fine(f"{said}, {waiting:,} wait for review")


def detector(site: Site) -> Finding:
    """Let what finds faces look at a grey picture: its weights are loaded only then."""
    try:
        site.make_detector().detect(GREY)
    except WeightsError as error:
        return harmful(str(error), "get the file as it says, then: deepthink weights verify")
    return fine(site.detector_name)


def embedder(site: Site) -> Finding:
    """Align and embed a grey picture, and compare the embedder with the one that production was trained with."""
    try:
        if not site.as_sentinelcam:
            site.senses.aligner.find([GREY], [Box(40, 40, 200, 200)])
        site.embedder.embed(np.full((1, site.embedder.size, site.embedder.size, 3), 128, np.uint8))
        own = site.embedder.fingerprint
    except WeightsError as error:
        return harmful(str(error), "get the file as it says, then: deepthink weights verify")
    version = site.ledger.production()
    theirs = site.registry.manifest(version).get("embedder", own) if version else own
    if theirs == own:
        return fine(site.settings.embedder)
    return harmful(
        f"{version}, in production, was trained with {theirs}, and this site embeds with {own}",
        "set `embedder` back in site.yaml, or: deepthink embed --all, and deepthink run",
    )
