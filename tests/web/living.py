"""What a site has lived through, written by what writes it in life: runs, trends, an alarm with its faces."""

from __future__ import annotations

from dataclasses import replace

from deepthink.curation.facelist import Facelist
from deepthink.flow.runs import Ended, note
from deepthink.learning.trends import Alarm, Day, PersonDay, Share, Trends, Week, write_trends

RUN = Ended(
    "a1", "selected", "24 faces were accepted", "2026-03-02T03:00:00", "2026-03-02T03:20:00", 1200.0, "deployed",
    "gamma3 runs on sentinel1.", "gamma3", True, 3.4,
)  # fmt: skip


def face_of(site) -> str:
    """Return a face of the site, as an alarm names it."""
    one = next(iter(Facelist(site.facelist).rows.values()))
    box = f"({one.box.x1},{one.box.y1},{one.box.x2},{one.box.y2})"
    return f"{one.frame.date}|{one.frame.event}|{one.frame.time.isoformat(timespec='microseconds')}|{box}"


def ran(site, **values) -> Ended:
    """Let a run end."""
    run = replace(RUN, **values)
    note(site.training, run)
    return run


def trends(site, **values) -> Trends:
    """Keep trends of two days, two cameras, somebody, and two weeks."""
    days = (
        Day("2026-03-01", "porch", 7, 5, 2),
        Day("2026-03-02", "porch", 9, 9, 0),
        Day("2026-03-02", "drive", 4, 1, 3),
    )
    weeks = (
        Week("2026-W09", Share(2, 31, 0.008, 0.214), Share(0, 12, 0.0, 0.265)),
        Week("2026-W10", Share(1, 40, 0.001, 0.132), Share(0, 0, 0.0, 1.0)),
    )
    people = (PersonDay("2026-03-01", "Ada", 3), PersonDay("2026-03-02", "Ada", 5))
    found = Trends("2026-03-02T08:00:00", "gamma3", days, people, weeks, looks=96)
    found = replace(found, **values)
    write_trends(site.training / "watch", found)
    return found


def alarm(site, **values) -> Alarm:
    """Return an alarm that shows a face."""
    says = "porch answers unknown in 38 % of its events, and 9 % did in validation."
    return replace(
        Alarm("unknown|porch", "unknown", "porch", False, says, 0.0004, "2026-03-01", (face_of(site),)), **values
    )
