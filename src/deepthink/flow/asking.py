"""Turns answers into what validation counts: who was really there, who was answered, and how near it was."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from deepthink.embedding.facedata import frame_of
from deepthink.model.artifact import Recogniser
from deepthink.model.openset import distances_to
from deepthink.recognition.recognise import Answer
from deepthink.records import UNKNOWN, Identification
from deepthink.validation.metrics import Asked, Look, Score


def asked_of(answer: Answer, people: frozenset[str], recogniser: Recogniser) -> Asked:
    """Return what was answered to an event in which `people` really are."""
    event, residents = answer.event, people & frozenset(recogniser.people)
    usable = [seen for seen in answer.seen if seen.track.usable]
    one = usable[0].track.probe() if len(usable) == 1 else None
    return Asked(
        f"{event.date}|{event.event}",
        event.camera,
        residents,
        len(people - residents),
        answer.named,
        answer.faces,
        tuple(_score(seen.answer) for seen in usable),
        event.start.hour,
        _looks(answer, recogniser),
        {} if one is None else _apart(one, recogniser),
    )


def asked_probe(
    answer: Identification,
    probe: np.ndarray,
    person: str,
    keys: Sequence[str],
    looks: Sequence[Identification],
    recogniser: Recogniser,
    camera: str = "",
) -> Asked:
    """Return what was answered to a person's reviewed faces of one event, of which nothing else is asked.

    Parameters
    ----------
    answer : Identification
        To all of them together.
    probe : ndarray of shape (dimensions,)
    person : str
        Who it really is, "Unknown" for a stranger.
    keys : sequence of str
        The faces, as facedata names them.
    looks : sequence of Identification
        The answer to each face alone.
    recogniser : Recogniser
    camera : str, optional
    """
    frames = [frame_of(key) for key in keys]
    resident = person in recogniser.people
    frame = frames[0][0]
    return Asked(
        f"{frame.date}|{frame.event}",
        camera,
        frozenset({person}) if resident else frozenset(),
        int(not resident),
        named_by(answer),
        len(keys),
        (_score(answer),),
        frame.time.hour,
        tuple(Look(at, box, who.person or UNKNOWN) for (at, box), who in zip(frames, looks, strict=True)),
        _apart(probe, recogniser),
    )


def named_by(answer: Identification) -> frozenset[str]:
    """Return the one name that was given, or none."""
    return frozenset({answer.person}) if answer.person else frozenset()


def _score(answer: Identification) -> Score:
    margin = math.inf if answer.doubted else answer.distance - answer.threshold
    return Score(answer.nearest, answer.distance, margin)


def _looks(answer: Answer, recogniser: Recogniser) -> tuple[Look, ...]:
    faces = [face for seen in answer.seen for face in seen.track.faces]
    if not faces:
        return ()
    usable = [face.sample.quality.usable for face in faces]
    alone = recogniser.identify(np.stack([face.embedding for face in faces]), usable)
    return tuple(
        Look(face.sample.frame, face.sample.box, who.person or UNKNOWN)
        for face, who, good in zip(faces, alone, usable, strict=True)
        if good
    )


def _apart(probe: np.ndarray, recogniser: Recogniser) -> dict[str, float]:
    """Return the distance to everyone's baseline."""
    distances = distances_to(probe[None], recogniser.rule.centroids)[0]
    return dict(zip(recogniser.people, distances.tolist(), strict=True))
