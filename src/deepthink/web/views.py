"""What the templates show: words for lanes, cards and actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from deepthink.curation.facelist import Row, Status
from deepthink.curation.history import Action
from deepthink.curation.lanes import LANES, QUALITIES, QUEUE, WAITING, Filter
from deepthink.flow.desk import Desk, Hand, Shown
from deepthink.records import UNKNOWN

FAR = 9.0  # recognition says 9.999999 where it knows nobody
TITLES = {
    QUEUE: "What a model would learn most from",
    "confident": "Confident: recognition is sure",
    "borderline": "Borderline: recognition is not sure",
    "unknown": "Unknown: nobody it knows",
    "enrolled": "Newly enrolled, for the next training",
    "faults": "Suspected faults among the enrolled",
    "gallery": "In use",
    "strangers": "Strangers",
    "revoked": "Revoked, or no face",
}
_DONE = {
    "accept": "accepted", "name": "named", "relabel": "named", "split": "split off",
    "stranger": "said to be a stranger's",
    "remove": "said to be no face", "revoke": "revoked", "refuse": "said to be somebody else's", "wait": "put back",
    "merge": "renamed, two people made one", "rename": "renamed",
}  # fmt: skip


def lanes(desk: Desk, wanted: Filter) -> list[dict[str, Any]]:
    """Return the lanes with what stands in them, the queue first."""
    counts = desk.counts(wanted)
    queue = {"name": QUEUE, "title": TITLES[QUEUE], "count": sum(counts[lane] for lane in WAITING)}
    return [queue, *({"name": lane, "title": TITLES[lane], "count": counts[lane]} for lane in LANES)]


def choices(desk: Desk) -> dict[str, list[str]]:
    """Return what can be filtered by."""
    return {"camera": desk.cameras(), "day": desk.dates(), "person": desk.names(), "quality": list(QUALITIES)}


def query(hand: Hand) -> dict[str, str]:
    """Return a lane and a filter as they stand in an address."""
    lane, wanted = hand[:2]
    parts = {
        "lane": lane,
        "camera": wanted.camera,
        "day": wanted.day,
        "person": wanted.person,
        "quality": wanted.quality,
    }
    return {name: value for name, value in parts.items() if value}


def question(shown: Shown, name: Callable[[str], str]) -> str:
    """Return what a card asks.

    The person is asked about, never stated: it is the reviewer who knows.
    """
    if shown.card.kind == "fault":
        return f"Is this really {name(shown.card.person)}?"
    if shown.card.lane in WAITING:
        return f"Is this {name(shown.person)}?" if shown.person else "Who is this?"
    titles = {"strangers": "Strangers", "revoked": f"Revoked: {name(shown.card.person)}"}
    return titles.get(shown.card.lane, name(shown.card.person))


def face_words(row: Row, camera: str) -> str:
    """Return a face in words, for who cannot see it."""
    return f"Face of {row.frame.date}, {row.frame.time:%H:%M:%S}, {camera or 'camera unknown'}"


def figures(row: Row) -> str:
    """Return a face's figures as they stand below it: probability and distance, as far as recognition knew any."""
    if row.status in (Status.REVOKED, Status.REMOVE):
        return state(row)
    if row.name == UNKNOWN or not row.probability:
        return f"{row.distance:.2f}" if 0 < row.distance < FAR else ""
    return f"{row.probability:.0%} {row.distance:.2f}"


def state(row: Row) -> str:
    """Return what has been decided about a row."""
    if row.stranger:
        return "stranger"
    return {Status.SELECTED: "selected", Status.REMOVE: "no face"}.get(
        row.status, row.status.name.lower().replace("_", " ")
    )


def told(action: Action, name: Callable[[str], str] = str) -> str:
    """Return an action in words.

    Examples
    --------
    >>> told(Action(3, "name", "ann", "2026-03-02T08:00:00", {1: (0, "Unknown", "")}, {1: (1, "Bob", "")}))
    '1 face named Bob'
    """
    if action.takes_back is not None:
        return f"{'took back' if action.verb.startswith('undo') else 'did again'} action {action.takes_back}"
    rows = len(action.before) or len(action.said.get("rows", []))
    faces = f"{rows} face{'s' * (rows != 1)} {_DONE.get(action.verb, action.verb)}"
    names = sorted({state[1] for state in action.after.values()})
    called = (
        name(names[0]) if len(names) == 1 and action.verb in ("accept", "name", "relabel", "split", "rename") else ""
    )
    about = action.said.get("not") or action.said.get("into")
    words = [faces, f"as {called}" if action.verb in ("accept", "split", "rename") and called else called]
    words += [f"({name(str(about))})"] if about else []
    return " ".join(word for word in words if word)
