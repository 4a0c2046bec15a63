"""A sentinel's jobs: what is asked for, what waits, what runs, and what is said of each (docs/formats.md, 1.3)."""

from __future__ import annotations

import json
import logging
import uuid
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from deepthink.datasink.base import check_date, check_event
from deepthink.errors import BadInputError
from deepthink.files import write_json
from deepthink.flow.sentinel_yaml import Task

log = logging.getLogger(__name__)
QUEUED, RUNNING, DONE, FAILED = "Queued", "Running", "Done", "Failed"
MOST_WAITING, MOST_REMEMBERED = 10_000, 1_000
PRIORITIES = (1, 2, 3)  # the first first
LONGEST_NAME, MOST_NAMES = 200, 8


@dataclass
class Job:
    """One run of a task over one event, or over a day."""

    task: str
    job_class: int
    node: Any  # as it was asked for: name and view of the camera
    sink: str
    date: str
    event: str | None  # None: the whole day
    pump: str
    priority: int = 2
    jobid: str = field(default_factory=lambda: uuid.uuid1().hex)
    status: str = QUEUED
    tries: int = 0
    engine: str | None = None
    submitted: datetime = field(default_factory=datetime.now)
    started: datetime | None = None
    ended: datetime | None = None
    images: int = 0

    def chained(self, task: Task) -> Job:
        """Return the job that follows this one."""
        return Job(task.name, task.job_class, self.node, self.sink, self.date, self.event, self.pump, self.priority)

    @property
    def elapsed(self) -> str | None:
        """How long it ran, as SentinelCam writes it."""
        return str(self.ended - self.started) if self.started and self.ended else None

    def begin_message(self, flag: str) -> str:
        """Return what is published when it is submitted or started."""
        return json.dumps(
            {
                "flag": flag, "jobid": self.jobid, "task": self.task, "from": self.node, "sink": self.sink,
                "date": self.date, "event": self.event,
            }
        )  # fmt: skip

    def end_message(self) -> str:
        """Return what is published when it has ended."""
        return json.dumps(
            {
                "flag": "EOJ", "jobid": self.jobid, "task": self.task, "from": self.node, "sink": self.sink,
                "pump": self.pump, "date": self.date, "event": self.event, "status": self.status,
                "elapsed": self.elapsed, "taskstats": [self.images, self.rate],
            }
        )  # fmt: skip

    def summary(self) -> str:
        """Return its line in the history."""
        times = {"submited": self.submitted, "started": self.started, "ended": self.ended}  # their spelling
        return json.dumps(
            {"flag": "JOB", "node": self.node, "date": self.date, "task": self.task, "class": self.job_class}
            | {"sink": self.sink, "status": self.status}
            | {name: time.isoformat() if time else None for name, time in times.items()}
            | {"elapsed": self.elapsed, "priority": self.priority, "engine": self.engine, "event": self.event}
            | {"jobid": self.jobid, "images": self.images, "rate": self.rate}
        )

    @property
    def rate(self) -> float:
        """Pictures a second."""
        seconds = (self.ended - self.started).total_seconds() if self.started and self.ended else 0.0
        return round(self.images / seconds, 2) if seconds else 0.0


def requested(request: dict[str, Any], tasks: dict[str, Task]) -> Job:
    """Make a job of a request.

    Raises
    ------
    BadInputError
        The task is not known, or a field is missing or is not what it should be.
    """
    try:
        task = tasks[request["task"]]
        sink, date, event, pump = (request[name] for name in ("sink", "date", "event", "pump"))
        node, priority = request["node"], request.get("priority", 2)
    except (KeyError, TypeError) as error:
        raise BadInputError(f"no such task, or a field is missing: {error}") from None
    if not (isinstance(sink, str) and isinstance(date, str) and isinstance(pump, str) and pump.startswith("tcp://")):
        raise BadInputError("sink, date and pump must be text, and pump an address such as tcp://data1:5556")
    names = node if isinstance(node, list) else [node]
    if len(names) > MOST_NAMES or not all(map(_is_name, [pump, *names])):
        raise BadInputError("pump and node must be short plain text, and node may be a list of such: [alpha5, PiCam3]")
    check_event(sink)  # it names a folder of results
    if event is not None:
        check_event(event if isinstance(event, str) else "")
    return Job(
        task.name, task.job_class, node, sink, check_date(date), event, pump,
        min(PRIORITIES[-1], max(PRIORITIES[0], priority if isinstance(priority, int) else 2)),
    )  # fmt: skip


def _is_name(part: Any) -> bool:
    """Whether it can be written to a file and published, whatever it says; no list within a list, nor half a sign."""
    if isinstance(part, str):
        return len(part) <= LONGEST_NAME and part.isprintable()
    return part is None or isinstance(part, int | float)


class JobQueue:
    """The jobs that wait, and those that run, kept in a file so that a restart loses none.

    Parameters
    ----------
    file : Path
        Where they are kept; what a service that was killed had not ended is taken up again.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.waiting: list[Job] = []
        self.running: dict[str, Job] = {}  # by engine
        self.ended: deque[Job] = deque(maxlen=MOST_REMEMBERED)

    def restore(self, tasks: dict[str, Task]) -> int:
        """Take up what was not ended when the service did; returns how many jobs."""
        try:
            kept = json.loads(self.file.read_text(encoding="utf-8"))
            self.waiting = [_restored(entry, tasks) for entry in kept if entry["task"] in tasks]
        except (OSError, ValueError, KeyError, TypeError):
            self.waiting = []  # none, or cut short by a power cut of an older kind: the cameras' events are still there
        return len(self.waiting)

    def add(self, job: Job) -> None:
        """Let a job wait.

        Raises
        ------
        BadInputError
            Too many do.
        """
        if len(self.waiting) >= MOST_WAITING:
            raise BadInputError(f"{MOST_WAITING} jobs wait already")
        self.waiting.append(job)
        try:
            self._write()
        except OSError as error:
            self.waiting.pop()
            raise BadInputError(f"a job cannot be kept in {self.file}: {error.strerror}") from None

    def follow(self, job: Job) -> None:
        """Let a job wait that follows another: it was not asked for now, and cannot be refused."""
        self.waiting.append(job)
        self.save()

    def take(self, engine: str, classes: Iterable[int]) -> Job | None:
        """Return the next job for an engine: its first class first, then by priority, then the oldest."""
        order = {job_class: place for place, job_class in enumerate(classes)}
        mine = [job for job in self.waiting if job.job_class in order]
        if not mine:
            return None
        job = min(mine, key=lambda job: (order[job.job_class], job.priority))
        self.waiting.remove(job)
        self.begin(engine, job)
        return job

    def begin(self, engine: str, job: Job) -> None:
        """Note that a job runs."""
        job.status, job.engine, job.started, job.tries = RUNNING, engine, datetime.now(), job.tries + 1
        self.running[engine] = job
        self.save()

    def end(self, engine: str, status: str) -> Job:
        """Note that an engine's job has ended."""
        job = self.running.pop(engine)
        job.status, job.ended = status, datetime.now()
        self.ended.append(job)
        self.save()
        return job

    def again(self, engine: str) -> Job:
        """Let an engine's job wait once more, before all others of its priority."""
        job = self.running.pop(engine)
        job.status = QUEUED
        self.waiting.insert(0, job)
        self.save()
        return job

    def history(self) -> list[Job]:
        """Return all jobs that are remembered, the oldest first."""
        return [*self.ended, *self.running.values(), *self.waiting]

    def save(self) -> None:
        """Keep what has not ended; where that cannot be done, the work goes on, and a restart would do some again."""
        try:
            self._write()
        except OSError as error:
            log.error("Jobs cannot be kept in %s: %s. A restart would not know what has changed.", self.file, error)

    def _write(self) -> None:
        write_json(self.file, [_kept(job) for job in [*self.running.values(), *self.waiting]])


_KEPT = ("task", "job_class", "node", "sink", "date", "event", "pump", "priority", "jobid", "tries")


def _kept(job: Job) -> dict[str, Any]:
    return {name: getattr(job, name) for name in _KEPT}


def _restored(entry: dict[str, Any], tasks: dict[str, Task]) -> Job:
    kept = {name: entry[name] for name in _KEPT}
    return Job(**{**kept, "job_class": tasks[entry["task"]].job_class})  # as sentinel.yaml says now
