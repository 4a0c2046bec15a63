"""The version in production, asked the events that a new one is asked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from deepthink.embedding import facedata
from deepthink.errors import DeepthinkError
from deepthink.flow.wiring import Site
from deepthink.model.artifact import Recogniser
from deepthink.recognition.recognise import Answer, Seen
from deepthink.validation.challenge import Challenge, challenge, uncompared
from deepthink.validation.gates import Gate
from deepthink.validation.metrics import Asked

Both = tuple[Asked | None, Asked]  # what production answered, None where it was trained on the event; the new version


@dataclass(frozen=True)
class Champion:
    """The version in production."""

    version: str
    recogniser: Recogniser
    trained_on: frozenset[str]  # events, "date|event"
    events: Mapping[str, int]  # that it knows each person from


def champion_of(site: Site, version: str, challenger: Recogniser) -> Champion | Gate | None:
    """Return the version in production; a question to a person when it cannot be compared, None when there is none."""
    name = site.ledger.production()
    if name is None or name == version:
        return None
    recogniser = site.in_production()
    if recogniser.embedder != challenger.embedder:
        return uncompared(
            name, f"not comparable: {name} is of {recogniser.embedder}, {version} of {challenger.embedder}"
        )
    events = site.registry.manifest(name).get("training_metrics", {}).get("events_per_person", {})
    return Champion(name, recogniser, _trained_on(site.registry.get(name), name), events)


def again(answer: Answer, champion: Champion) -> Answer:
    """Return what production answers to an event that has been looked at; nothing is embedded twice."""
    if not answer.seen:
        return answer
    tracks = [seen.track for seen in answer.seen]
    found = champion.recogniser.identify(np.stack([t.probe() for t in tracks]), [t.usable for t in tracks])
    return replace(answer, seen=tuple(Seen(who, track) for who, track in zip(found, tracks, strict=True)))


def beside(champion: Champion, both: Iterable[Both], challenger: Recogniser) -> Challenge:
    """Compare the answers to the events that neither was trained on."""
    fair = [(old, new) for old, new in both if old is not None]
    missing = set(champion.recogniser.people) - set(challenger.people)
    return challenge(champion.version, [old for old, _ in fair], [new for _, new in fair], sorted(missing))


def _trained_on(folder: Path, version: str) -> frozenset[str]:
    """Return the events whose faces a published version was trained on; none where that was not kept."""
    try:
        kept = set(json.loads((folder / f"split_{version}.json").read_text(encoding="utf-8")))
        held = [folder / f"{kind}_{version}.hdf5" for kind in ("facedata", "strangers")]
        events = {str(event) for path in held if path.exists() for event in facedata.read(path).events}
    except (OSError, ValueError, DeepthinkError):
        return frozenset()
    return frozenset(events - kept)
