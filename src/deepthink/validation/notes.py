"""What a site's owner should know about people who are hardly known yet, and what to collect next."""

from __future__ import annotations

from collections.abc import Mapping

from deepthink.embedding.facedata import FaceData, frame_of

FEW = 5  # events; from here on residents of Labeled Faces in the Wild are missed in 1.6 % of their events
# Per cent of events missed, by photographs enrolled (docs/decisions/decision-rule.md).
MISSED = {1: 9.4, 2: 2.6, 3: 1.8, 4: 1.5}
NIGHT = (*range(20, 24), *range(6))  # hours


def notes(gallery: FaceData, cameras: Mapping[str, str] | None = None) -> list[str]:
    """Say of each person who is hardly known what that means, and which pictures would help most.

    Parameters
    ----------
    gallery : FaceData
        What the version was trained on.
    cameras : mapping of str to str, optional
        The camera of each event, "date|event".

    Examples
    --------
    >>> import numpy as np
    >>> one = FaceData(("mia/2026-03-02|a1|2026-03-02T08:00:00.000000|(1,2,3,4)|data1",), np.zeros((1, 128)), "x")
    >>> print(notes(one)[0])
    mia is known from 1 event: expect about 9 % of events to be missed. Collect 4 more events, on other days.
    """
    people = sorted(set(gallery.people))
    own = {person: [key for key in gallery.keys if key.split("/", 1)[0] == person] for person in people}
    night = any(_by_night(keys) for keys in own.values())
    where = cameras or {}
    seen = {person: {where[event] for event in _events(keys) if event in where} for person, keys in own.items()}
    said = [_note(person, keys, night, set(where.values()) - seen[person]) for person, keys in own.items()]
    return [note for note in said if note]


def _note(person: str, keys: list[str], night: bool, unseen: set[str]) -> str:
    events = len(_events(keys))
    wanted = [f"{FEW - events} more event{'s' if FEW - events > 1 else ''}"] if events < FEW else []
    if len({frame_of(key)[0].date for key in keys}) == 1:
        wanted.append("on other days" if wanted else "events on other days")
    if events < 2 * FEW and night and not _by_night(keys):
        wanted.append("some by night")
    if events < 2 * FEW and unseen:
        wanted.append(f"some from {' and '.join(sorted(unseen))}")
    if not wanted:
        return ""
    known = f"{person} is known from {events} event{'s' if events > 1 else ''}"
    expect = f": expect about {MISSED[events]:.0f} % of events to be missed" if events in MISSED else ""
    return f"{known}{expect}. Collect {', '.join(wanted)}."


def _events(keys: list[str]) -> set[str]:
    return {f"{frame.date}|{frame.event}" for frame, _ in map(frame_of, keys)}


def _by_night(keys: list[str]) -> bool:
    return any(frame_of(key)[0].time.hour in NIGHT for key in keys)
