"""How a site stands, as JSON for those who subscribe: docs/steps/messages.md has the keys."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from deepthink.messages.base import Standing


def state(standing: Standing) -> dict[str, Any]:
    """Return a site's state: the standing, moments with their time zone, and what receivers would have to work out.

    Examples
    --------
    >>> found = state(Standing(running=True, run_done=3, run_total=12, alarms=("porch has changed",)))
    >>> found["progress"], found["drift"], found["waits"], found["since"]
    (25, True, False, None)
    """
    moments = {"since": moment(standing.since), "unknown_last": moment(standing.unknown_last)}
    told = {"progress": progress(standing), "drift": bool(standing.alarms), "waits": bool(standing.waits_for)}
    return {**asdict(standing), **moments, **told}


def unknown(standing: Standing) -> dict[str, Any]:
    """Return when and where somebody unknown was seen last: it changes only when that has happened again."""
    return {"last": moment(standing.unknown_last), "camera": standing.unknown_camera or None}


def done(standing: Standing) -> float | None:
    """Return how much of the run's step is done, 0 to 1; None when none runs or nobody knows."""
    if not standing.running or standing.run_total <= 0:
        return None
    return max(0.0, min(1.0, standing.run_done / standing.run_total))


def progress(standing: Standing) -> int | None:
    """Return the same in percent."""
    share = done(standing)
    return None if share is None else round(100 * share)


def moment(text: str) -> str | None:
    """Return a moment with its time zone, this machine's where it has none; None when it is none.

    Examples
    --------
    >>> moment("2026-11-25T03:04:05+01:00"), moment(""), moment("yesterday")
    ('2026-11-25T03:04:05+01:00', None, None)
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (parsed if parsed.tzinfo else parsed.astimezone()).isoformat(timespec="seconds")


def as_json(content: Any) -> str:
    """Return JSON on one line, as it is sent."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=str)
