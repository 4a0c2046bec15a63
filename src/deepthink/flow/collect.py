"""The steps that go through a datasink's events: detect, recognise, sweep."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deepthink.curation.sentinelcam import sweep_faces
from deepthink.curation.sweep import SweepReport, sweep
from deepthink.datasink.base import FACES, OBJECTS, RECOGNITIONS, TRACKING, Datasink, Event, Mark
from deepthink.detection.base import Detector
from deepthink.detection.detect import find_faces
from deepthink.embedding.session import usable_cores
from deepthink.flow.ahead import ahead
from deepthink.flow.sentinelcam import face_recon, get_faces
from deepthink.flow.wiring import Site
from deepthink.frames import read_frame
from deepthink.model.artifact import Recogniser
from deepthink.recognition.recognise import Answer, look, recognise, write_answer
from deepthink.recognition.sentinelcam import recognise_faces
from deepthink.records import UNKNOWN, Box, FrameKey, Progress

FILMED_SECONDS = 120.0
NEAR_SECONDS = 1.0  # a picture without a tracking line of its own takes the nearest one within this


@dataclass(frozen=True)
class DetectReport:
    """What detection did."""

    events: int
    frames: int
    faces: int
    problems: int


@dataclass(frozen=True)
class RecogniseReport:
    """What recognition did."""

    events: int
    faces: int
    named: int  # events with a name in the answer
    unknown: int  # events with faces and no name
    problems: int


def detect_site(site: Site, dates: list[str] | None, again: bool, progress: Progress) -> DetectReport:
    """Find faces in all events that were not looked at yet, and write their `fd1` sets."""
    everything = site.events(site.datasink.dates() if dates is None else dates)
    todo = [event for event in everything if is_over(event) and (again or FACES not in event.types)]
    frames = faces = 0
    own = threading.local()  # OpenCV's detectors are for one thread each

    def work(event: Event) -> tuple[int, list[Mark]]:
        if not hasattr(own, "detector"):
            own.detector = site.make_detector()
        return faces_of(site, event, own.detector)

    for number, (event, (looked, found)) in enumerate(zip(todo, ahead(work, todo, usable_cores()), strict=True)):
        progress(number, len(todo), event.date)
        write_set(site, event, FACES, found)
        frames, faces = frames + looked, faces + len(found)
    progress(len(todo), len(todo), "")
    return DetectReport(len(todo), frames, faces, site.datasink.problems.count)


def is_over(event: Event) -> bool:
    """Whether an event's pictures are all there: a camera may still be filming one that has just begun."""
    return abs((datetime.now() - event.start).total_seconds()) > FILMED_SECONDS


def faces_of(site: Site, event: Event, detector: Detector) -> tuple[int, list[Mark]]:
    """Find an event's faces by the site's rules; returns the frames looked at, and the marks."""
    if site.as_sentinelcam:
        return get_faces(site.datasink, event, _people(site.datasink, event), detector)
    return detect_event(site.datasink, event, detector)


def write_set(site: Site, event: Event, kind: str, found: list[Mark]) -> None:
    """Write a set; SentinelCam has none for an event in which nothing was found, so that it is looked at each time."""
    if found or kind in event.types or not site.as_sentinelcam:
        site.datasink.write(event, kind, found)


def detect_event(datasink: Datasink, event: Event, detector: Detector) -> tuple[int, list[Mark]]:
    """Find the faces of an event's people; returns the frames looked at, and the marks.

    A picture that is absent or damaged is noted in the datasink's problems and costs itself alone.
    """
    people = _people(datasink, event)
    looked, found = 0, []
    for time in datasink.times(event):
        near = _near(people, time)
        if not near:
            continue
        image = read_frame(datasink, FrameKey(event.date, event.event, time))
        if image is None:
            continue
        looked += 1
        for detection in find_faces(image, [mark.box for mark in near], detector):
            found.append(Mark(time, _owner(detection.box, near), "Face", detection.box))
    return looked, found


def _people(datasink: Datasink, event: Event) -> list[Mark]:
    """Return the marks of people: of the outpost's tracker or, where it has none, of an object detector."""
    for kind in (TRACKING, OBJECTS):
        seen = [mark for mark in datasink.marks(event, kind) if mark.classname.startswith("person")]
        if seen:
            return seen
    return []


def _near(people: Sequence[Mark], time: datetime) -> list[Mark]:
    """Return the people of a picture: those marked at its time, else at the nearest time within a second."""
    if not people:
        return []
    best = min(abs((mark.time - time).total_seconds()) for mark in people)
    if best > NEAR_SECONDS:
        return []
    return [mark for mark in people if abs((mark.time - time).total_seconds()) == best]


def _owner(face: Box, people: Sequence[Mark]) -> str:
    """Return the object whose box the face's centre is in; the smallest such box, else the first's."""
    x, y = (face.x1 + face.x2) / 2, (face.y1 + face.y2) / 2
    around = [m for m in people if m.box.x1 <= x < m.box.x2 and m.box.y1 <= y < m.box.y2]
    return min(around or people, key=lambda mark: mark.box.width * mark.box.height).objid


def recognise_site(
    site: Site, recogniser: Recogniser, dates: list[str] | None, again: bool, progress: Progress
) -> RecogniseReport:
    """Answer all events that have faces and no answer yet, and write their `fr1` sets."""
    todo = [e for e in site.events(dates) if FACES in e.types and (again or RECOGNITIONS not in e.types)]
    if site.as_sentinelcam:
        return _recognise_faces(site, todo, recogniser, progress)
    faces = named = unknown = 0
    for number, given in enumerate(answers(site, todo, recogniser)):
        progress(number, len(todo), given.event.date)
        write_answer(site.datasink, given, recogniser)
        faces += given.faces
        named += bool(given.named)
        unknown += bool(given.faces and not given.named)
    progress(len(todo), len(todo), "")
    return RecogniseReport(len(todo), faces, named, unknown, site.datasink.problems.count)


def _recognise_faces(site: Site, todo: list[Event], recogniser: Recogniser, progress: Progress) -> RecogniseReport:
    """Label each face by itself, as FaceRecon does."""
    embedder, recon = site.crop_embedder, face_recon(site, recogniser)
    faces = named = unknown = 0
    for number, event in enumerate(todo):
        progress(number, len(todo), event.date)
        marks = recognise_faces(site.datasink, event, embedder, recon)
        write_set(site, event, RECOGNITIONS, marks)
        anyone = any(not mark.classname.startswith(f"{UNKNOWN}:") for mark in marks)
        faces, named, unknown = faces + len(marks), named + anyone, unknown + bool(marks and not anyone)
    progress(len(todo), len(todo), "")
    return RecogniseReport(len(todo), faces, named, unknown, site.datasink.problems.count)


def answers(site: Site, events: Sequence[Event], recogniser: Recogniser) -> Iterator[Answer]:
    """Answer who is in each event, in order; other threads decode and align the next while this one embeds."""
    senses = site.senses
    looked = ahead(lambda event: look(site.datasink, event, senses), events)
    for event, samples in zip(events, looked, strict=True):
        yield recognise(event, samples, senses.embedder, recogniser)


def sweep_site(site: Site, dates: list[str] | None, progress: Progress) -> SweepReport:
    """Propose the usable faces of all recognised events for review."""
    todo = [event for event in site.events(dates) if RECOGNITIONS in event.types]
    done = iter(range(1, len(todo) + 1))
    if site.as_sentinelcam:
        tell = lambda event: progress(next(done), len(todo), "")
        return sweep_faces(site.datasink, todo, site.facelist, tell, on_all_cores)
    senses = site.senses
    return sweep(
        site.datasink, todo, site.facelist, senses.aligner, senses.rules, site.sweep_rules,
        lambda event: progress(next(done), len(todo), ""), on_all_cores,
    )  # fmt: skip


def on_all_cores(work: Callable[[Event], Any], events: Iterable[Event]) -> Iterator[Any]:
    """Look at several events at once."""
    return ahead(work, events, usable_cores())
