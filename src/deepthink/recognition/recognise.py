"""Answers who is in an event, and writes SentinelCam's `fr1` results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice

import numpy as np

from deepthink.datasink.base import FACES, RECOGNITIONS, Datasink, Event, Mark
from deepthink.datasink.labels import Label
from deepthink.detection.base import Aligner
from deepthink.detection.detect import Face as Found
from deepthink.detection.detect import align_each
from deepthink.detection.quality import QualityRules
from deepthink.embedding.base import Embedder
from deepthink.errors import MixedEmbeddersError
from deepthink.frames import read_frame
from deepthink.model.artifact import Recogniser
from deepthink.recognition.tracks import Face, Track, link
from deepthink.records import UNKNOWN, FrameKey, Identification, Sample

TOGETHER = 16  # faces aligned at once: more bring little, and all their frames are in memory


@dataclass(frozen=True)
class Senses:
    """What turns pictures into embeddings."""

    aligner: Aligner
    embedder: Embedder
    rules: QualityRules


@dataclass(frozen=True)
class Seen:
    """One person in an event, and the answer."""

    answer: Identification
    track: Track


@dataclass(frozen=True)
class Answer:
    """Everyone in an event."""

    event: Event
    seen: tuple[Seen, ...]

    @property
    def named(self) -> frozenset[str]:
        """The people who were given a name."""
        return frozenset(one.answer.person for one in self.seen if one.answer.person)

    @property
    def faces(self) -> int:
        """How many faces were looked at."""
        return sum(len(one.track.faces) for one in self.seen)


def recognise(
    event: Event, samples: Sequence[tuple[Sample, str]], embedder: Embedder, recogniser: Recogniser
) -> Answer:
    """Answer who is in an event whose faces have been looked at; nothing is written.

    Raises
    ------
    MixedEmbeddersError
        The recogniser was trained on another embedder's embeddings.
    """
    if recogniser.embedder != embedder.fingerprint:
        raise MixedEmbeddersError(embedder.fingerprint, recogniser.embedder, "The recogniser")
    tracks = link(_embedded(samples, embedder))
    if not tracks:
        return Answer(event, ())
    answers = recogniser.identify(np.stack([track.probe() for track in tracks]), [track.usable for track in tracks])
    return Answer(event, tuple(Seen(answer, track) for answer, track in zip(answers, tracks, strict=True)))


def write_answer(datasink: Datasink, answer: Answer, recogniser: Recogniser) -> int:
    """Write an event's `fr1` set and return how many faces it holds."""
    marks = _marks(answer, recogniser)
    datasink.write(answer.event, RECOGNITIONS, marks)
    return len(marks)


def look(datasink: Datasink, event: Event, senses: Senses) -> list[tuple[Sample, str]]:
    """Return the samples of an event's faces in the order of time, each with its object; what fails is noted."""

    def refused(face: Found, why: str) -> None:
        datasink.problems.add(f"{event.date} {event.event}", None, why)

    faces = _faces(datasink, event)
    found: list[tuple[Sample, str]] = []
    while chunk := list(islice(faces, TOGETHER)):
        found += [(sample, face.name) for face, sample in align_each(chunk, senses.aligner, senses.rules, refused)]
    return found


def _faces(datasink: Datasink, event: Event) -> Iterator[Found]:
    """Yield an event's faces, each picture decoded once and only when it is needed."""
    for time, marks in groupby(datasink.marks(event, FACES), key=lambda mark: mark.time):
        key = FrameKey(event.date, event.event, time)
        image = read_frame(datasink, key)
        if image is not None:
            yield from (Found(key, image, mark.box, mark.objid) for mark in marks)


def _embedded(samples: Sequence[tuple[Sample, str]], embedder: Embedder) -> list[Face]:
    if not samples:
        return []
    vectors = embedder.embed(np.stack([sample.crop for sample, _ in samples]))
    return [Face(sample, objid, vector) for (sample, objid), vector in zip(samples, vectors, strict=True)]


def _marks(answer: Answer, recogniser: Recogniser) -> list[Mark]:
    crowd: dict[datetime, int] = {}
    for seen in answer.seen:
        for face in seen.track.faces:
            crowd[face.sample.frame.time] = crowd.get(face.sample.frame.time, 0) + 1
    marks = [
        Mark(face.sample.frame.time, face.objid, str(_label(seen.answer, face, crowd, recogniser)), face.sample.box)
        for seen in answer.seen
        for face in seen.track.faces
    ]
    return sorted(marks, key=lambda mark: (mark.time, mark.box))


def _label(answer: Identification, face: Face, crowd: dict[datetime, int], recogniser: Recogniser) -> Label:
    """The name is the event's answer for this person; distance and margin are this face's own."""
    distance = answer.distance
    if answer.nearest:
        centroid = recogniser.rule.centroids[recogniser.people.index(answer.nearest)]
        distance = float(np.linalg.norm(centroid - face.embedding))
    sample = face.sample
    probability = answer.probability if answer.person else 0.0
    margin = distance - answer.threshold
    name = answer.person or UNKNOWN
    return Label(name, probability, distance, margin, sample.quality.usable, crowd[sample.frame.time])
