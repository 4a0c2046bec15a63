"""SentinelCam's tasks as jobs of a sentinel: each runs a step of ours and says what SentinelCam's would."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from deepthink.datasink.base import FACES, OBJECTS, RECOGNITIONS, Event, Mark
from deepthink.datasink.feed import FeedDatasink
from deepthink.datasink.labels import parse_label
from deepthink.detection.objects import ObjectDetector
from deepthink.errors import BadInputError, SettingsError, WeightsError
from deepthink.flow.collect import answers, faces_of, sweep_site, write_set
from deepthink.flow.engines import Tell, Work
from deepthink.flow.enrol import embed_site
from deepthink.flow.keep import retain_site, site_policy
from deepthink.flow.sentinel_yaml import SentinelConfig, Task, read_yaml
from deepthink.flow.sentinelcam import face_recon
from deepthink.flow.wiring import Site
from deepthink.frames import read_frame
from deepthink.model.artifact import Recogniser, read_recogniser
from deepthink.recognition.recognise import write_answer
from deepthink.recognition.sentinelcam import recognise_faces
from deepthink.records import FrameKey
from deepthink.settings import Settings

Outcome = tuple[int, bool]  # pictures looked at, and whether what follows is worth while
MOST_SITES = 4  # pumps and facelists that an engine stays connected to: a request may name any
INPUT = {
    OBJECTS: "full",
    FACES: "full",
    RECOGNITIONS: "trk",
}  # which frames a result's offset counts, as in SentinelCam


@dataclass
class Assignment:
    """One job, with all that is needed to do it."""

    job: dict[str, Any]
    task: Task
    site: Site
    tell: Tell
    options: dict[str, Any] = field(default_factory=dict)  # the task's own file

    @property
    def date(self) -> str:
        """The day it is about."""
        return str(self.job["date"])

    @cached_property
    def event(self) -> Event:
        """The event it is about.

        Raises
        ------
        BadInputError
            The datasink's index does not list it.
        """
        for event in self.site.datasink.events(self.date):
            if event.event == self.job["event"]:
                return event
        raise BadInputError(f"No tracking data for ({self.date}, {self.job['event']})")

    def file(self, key: str) -> Path | None:
        """Return a file that the task's own file names, relative to it."""
        named = self.options.get(key)
        base = self.task.config.parent if self.task.config else Path()
        return base / Path(str(named)).expanduser() if named else None

    def say(self, text: str, level: str = "INFO") -> None:
        """Publish a text."""
        self.tell("publish", text, level)

    def progress(self, done: int, total: int, what: str) -> None:
        """Show a sign of life."""
        self.tell("beat")

    def publish(self, kind: str, frames: Sequence[datetime], trktype: str) -> list[Mark]:
        """Publish an event's set, mark by mark, as the camwatcher takes it: a start, and how many frames on."""
        marks = self.site.datasink.marks(self.event, kind)
        for mark in marks:
            box = mark.box
            result = {
                "jobid": self.job["jobid"], "refkey": kind, "ringctrl": INPUT[kind],
                "start": frames[0].isoformat(timespec="microseconds"), "offset": bisect_left(frames, mark.time),
                "clas": mark.classname, "objid": mark.objid, "rect": [box.x1, box.y1, box.x2, box.y2],
                "trktype": trktype,
            }  # fmt: skip
            self.say(json.dumps(result))
        return marks

    def tell_problems(self) -> None:
        """Publish what was passed over since the last job."""
        problems = self.site.datasink.problems
        for problem in problems.kept:
            self.say(f"passed over: {problem}", "WARNING")
        problems.forget()


def all_frames(given: Assignment) -> Outcome:
    """Find things in all frames of an event; where no detector is configured, leave it to the outpost's tracker."""
    try:
        detector = _object_detector(given)
    except WeightsError as error:
        given.say(f"{error} The outpost's own tracking is used.", "WARNING")
        return 0, True
    sink, event = given.site.datasink, given.event
    times, found = sink.times(event), list[Mark]()
    for time in times:
        given.tell("beat")
        image = read_frame(sink, FrameKey(event.date, event.event, time))
        things = [] if image is None else detector.detect(image)
        found += [Mark(time, str(n), str(thing), thing.box) for n, thing in enumerate(things)]
    sink.write(event, OBJECTS, found)
    given.publish(OBJECTS, times, "trk")
    return len(times), True


def _object_detector(given: Assignment) -> ObjectDetector:
    options = given.options.get("mobilenetssd") or {}
    named = [options.get(key) for key in ("model_path", "prototxt_path")]
    if not named[0]:
        raise WeightsError("No object detector is configured.")
    base = given.task.config.parent if given.task.config else Path()
    model, prototxt = (base / str(path) if path else None for path in named)
    return ObjectDetector(model or base, prototxt, float(options.get("confidence", 0.5)))


def get_faces(given: Assignment) -> Outcome:
    """Find the faces of an event."""
    sink, event = given.site.datasink, given.event
    times = sink.times(event)
    if not times:
        raise BadInputError(f"No images for ({event.date}, {event.event})")
    looked, found = faces_of(given.site, event, given.site.make_detector())
    write_set(given.site, event, FACES, found)
    given.publish(FACES, times, OBJECTS if OBJECTS in event.types else "trk")
    given.say(str(("Faces", event.date, event.event, len(times), looked, looked, len(found))))
    return len(times), bool(found)


def recognise(given: Assignment) -> Outcome:
    """Name the faces of an event."""
    site, event = given.site, given.event
    frames = sorted({mark.time for mark in site.datasink.marks(event, FACES)})
    if not frames:
        raise BadInputError(f"No tracking data for ({event.date}, {event.event}, {FACES})")
    recogniser, baselines = _recogniser(given)
    if site.as_sentinelcam:
        recon = face_recon(site, recogniser, baselines)
        write_set(site, event, RECOGNITIONS, recognise_faces(site.datasink, event, site.crop_embedder, recon))
    else:
        write_answer(site.datasink, next(answers(site, [event], recogniser)), recogniser)
    marks = given.publish(RECOGNITIONS, frames, FACES)
    counts = Counter(parse_label(mark.classname).name for mark in marks)
    who = ", ".join(f"{name} {count}" for name, count in counts.most_common())
    given.say(str(("Recon", event.date, event.event, len(marks), who)))
    return len(frames), bool(marks)


def _recogniser(given: Assignment) -> tuple[Recogniser, Path | None]:
    """Return what the task's file names, read from its arrays: the pickle beside them is never opened."""
    pickle = given.file("facemodel")
    if pickle is None:
        return given.site.in_production(), None
    arrays = pickle.with_name(pickle.name.replace("facemodel", "recogniser", 1)).with_suffix(".npz")
    if arrays.exists():
        return read_recogniser(arrays), given.file("baselines")
    if given.site.ledger.production() is None:
        raise SettingsError(
            f"{pickle} is a pickle, which is never opened here, and beside it there is no {arrays.name}. "
            "Deploy a version of DeepThink's to this node, or train one: deepthink run"
        )
    return given.site.in_production(), None


def sweep(given: Assignment) -> Outcome:
    """Propose a day's usable faces for review."""
    report = sweep_site(given.site, [given.date], given.progress)
    if report.added:
        given.say(f"FaceSweep: {report.added} face candidates added from {given.date}.")
    return 0, bool(report.added)


def update(given: Assignment) -> Outcome:
    """Embed the rows that a person has selected."""
    path = given.file("facedata")
    version = path.stem.removeprefix("facedata_") if path else given.site.ledger.production() or "alpha"
    report = embed_site(given.site, version, False, given.progress, path=path)
    given.say(f"FaceDataUpdate: {report.in_use} face selections processed for {given.date}.")
    return 0, bool(report.in_use)


def clean_up(given: Assignment) -> Outcome:
    """Delete old events by the profiles of the task's own file, except those that the facelist holds."""
    site, delete = given.site, None  # without a file of its own the site's settings say: a dry run, unless changed
    if given.task.config:
        site = Site(site.settings.model_copy(deep=True))
        site.settings.retain.file, site.datasink = given.task.config, given.site.datasink
        delete = site_policy(site).run_deletes
    report = retain_site(site, None, delete, None, given.progress)
    for one in report.outcomes:
        if one.fate != "kept":
            given.say(f"DailyCleanup: {one.fate} {one.date} {one.event} ({one.profile}): {one.reason}")
    counts = ", ".join(f"{number} {fate}" for fate, number in report.counts.items())
    would = " (dry run: nothing was deleted)" if report.dry_run else ""
    given.say(f"DailyCleanup: {sum(report.counts.values())} events of {report.days} days: {counts}{would}.")
    return 0, bool(report.counts["deleted"])


TASKS: dict[str, Callable[[Assignment], Outcome]] = {
    "MobileNetSSD_allFrames": all_frames,
    "GetFaces": get_faces,
    "FaceRecon": recognise,
    "FaceSweep": sweep,
    "FaceDataUpdate": update,
    "DailyCleanup": clean_up,
}


def prepare(settings: Settings, config: SentinelConfig) -> Work:
    """Return what does a sentinel's jobs; runs in an engine's process, which keeps networks and connections."""
    sites: dict[tuple[str, str, str], Site] = {}

    def work(job: dict[str, Any], tell: Tell) -> Outcome:
        task = config.tasks[job["task"]]
        if task.does not in TASKS:
            raise SettingsError(f"{task.does} is none of DeepThink's tasks: {', '.join(TASKS)}.")
        options = read_yaml(task.config) if task.config and task.config.exists() else {}
        facelist = str(options.get("facefile", ""))
        key = (job["pump"], job["sink"], facelist)
        sites[key] = sites.pop(key) if key in sites else _site(settings, config, *key)  # the last used at the end
        for old in list(sites)[:-MOST_SITES]:
            cast(FeedDatasink, sites.pop(old).datasink).close()
        given = Assignment(job, task, sites[key], tell, options)
        try:
            return TASKS[task.does](given)
        finally:
            given.tell_problems()

    return work


def _site(settings: Settings, config: SentinelConfig, pump: str, sink: str, facelist: str) -> Site:
    """Return the site with a job's pump for a datasink, and its results in the sentinel's own folder."""
    if facelist:
        settings = settings.model_copy(update={"facelist": Path(facelist).expanduser()})
    site = Site(settings)
    curve = settings.path(settings.datasink.curve) if settings.datasink.curve else None
    site.datasink = FeedDatasink(pump, config.socket_dir / "results" / sink, sink, curve=curve)
    return site
