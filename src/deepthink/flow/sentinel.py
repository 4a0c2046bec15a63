"""The sentinel service: SentinelCam's job requests in, its tasks' results out (docs/formats.md, 1.3)."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from filelock import FileLock, Timeout

from deepthink.datasink.wire import LONGEST_ARRIVAL, LONGEST_REQUEST, open_socket, zmq
from deepthink.errors import BadInputError, DeepthinkError, SettingsError, StepError
from deepthink.flow.engines import ENDED, LOST, Engine, Said, Work
from deepthink.flow.jobs import DONE, FAILED, Job, JobQueue, requested
from deepthink.flow.sentinel_yaml import SentinelConfig

log = logging.getLogger(__name__)
TICK = 0.5  # seconds: how often engines are looked after when nobody says anything
KEPT_FOR_SUBSCRIBERS = 100_000  # messages
MOST_AT_ONCE = 20  # requests before the engines are heard again


class Sentinel:
    """Takes requests, lets its engines do them, and publishes what comes of it.

    Parameters
    ----------
    config : SentinelConfig
        What `sentinel.yaml` says.
    prepare, arguments
        What each engine does with a job: see `Engine`. The arguments are followed by the configuration.
    host : str
        Where to listen: `*` for all addresses, as SentinelCam.

    Raises
    ------
    SettingsError
        A port cannot be listened on, or `socket_dir` is not to be had.
    """

    def __init__(self, config: SentinelConfig, prepare: Callable[..., Work], *arguments: Any, host: str = "*") -> None:
        self.config = config
        self.queue = JobQueue(config.socket_dir / "jobs.json")
        self.engines = [Engine(name, classes, prepare, *arguments, config) for name, classes in config.engines.items()]
        self._context = zmq.Context()
        self._control = self._bound(zmq.REP, host, config.control_port)
        self._out = self._bound(zmq.PUB, host, config.logging_port)
        self._lock = FileLock(config.socket_dir / ".sentinel.lock")
        self._hold(config)
        restored = self.queue.restore(config.tasks)
        if restored:
            log.info("%d jobs that had not ended are taken up again", restored)

    def _hold(self, config: SentinelConfig) -> None:
        """Keep others from the same folder: two would do the same jobs, and each forget the other's."""
        try:
            config.socket_dir.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
            return
        except Timeout:
            why = "another sentinel uses it. Give each a folder of its own."
        except OSError as error:
            why = f"{error}. It must be a folder that can be written."
        self._context.destroy(linger=0)
        raise SettingsError(f"socket_dir {config.socket_dir}: {why}")

    def _bound(self, kind: int, host: str, port: int) -> Any:
        socket = open_socket(self._context, kind)
        socket.sndhwm, socket.maxmsgsize = KEPT_FOR_SUBSCRIBERS, LONGEST_ARRIVAL
        try:
            socket.bind(f"tcp://{host}:{port or '*'}")
        except zmq.ZMQError as error:
            self._context.destroy(linger=0)
            raise SettingsError(f"Cannot listen on port {port}: {error}. Is another sentinel running?") from None
        return socket

    @property
    def addresses(self) -> tuple[str, str]:
        """Where requests are taken, and where results are published."""
        return self._control.last_endpoint.decode(), self._out.last_endpoint.decode()

    def serve(self) -> None:
        """Work until the process is told to end."""
        self.publish("Sentinel started")
        while True:
            self.step()

    def step(self, seconds: float = TICK) -> None:
        """Wait for a request or an engine, at most so long, and do what is to be done."""
        for engine in self.engines:
            engine.start()
        self._hand_out()
        poller = zmq.Poller()
        poller.register(self._control, zmq.POLLIN)
        for engine in self.engines:
            if engine.connection is not None:
                poller.register(engine.connection.fileno(), zmq.POLLIN)
        poller.poll(int(seconds * 1000))
        for _ in range(MOST_AT_ONCE):
            if not self._control.poll(0):
                break
            self._take_request()
        for engine in self.engines:
            self._listen(engine)

    def close(self) -> None:
        """End the engines; their jobs are kept, and done when the service is started again."""
        for engine in self.engines:
            engine.put_away()
        self._context.destroy(linger=200)
        self._lock.release()

    def publish(self, text: str, level: str = "INFO") -> None:
        """Publish a message to all who subscribe, and write it to the log.

        In ASCII, and never an empty one: SentinelCam's camwatcher, which writes the results, would end at either.
        """
        frame = text.encode("ascii", "backslashreplace") or b"-"
        self._out.send_multipart([f"Sentinel.{level}".encode(), frame])
        log.log(logging.getLevelNamesMapping()[level], "%s", text)

    def _take_request(self) -> None:
        frames = self._control.recv_multipart()
        try:
            good = len(frames) == 1 and len(frames[0]) <= LONGEST_REQUEST
            reply = self._answer(json.loads(frames[0].decode("utf-8")) if good else None)
        except (ValueError, RecursionError, DeepthinkError) as error:
            self.publish(f"Refused a request: {error}", "ERROR")
            reply = "Error"
        self._control.send(reply.encode())

    def _answer(self, request: Any) -> str:
        """Do what a request asks for, and return the reply: a job's id, or `OK`."""
        if not isinstance(request, dict):
            raise BadInputError(f"a request is one frame of JSON, keys and values, of {LONGEST_REQUEST} bytes at most")
        if request.get("task") == "HISTORY":
            self._tell_history()
            return "OK"
        if request.get("task") == "STATUS":
            return "OK"
        if request.get("task") == "ALERT" and "payload" in request:
            self.publish(json.dumps(request["payload"]))
            return "OK"
        job = requested(request, self.config.tasks)
        self.queue.add(job)
        self.publish(job.begin_message("SUBMIT"))
        return job.jobid

    def _tell_history(self) -> None:
        self.publish("Start of history.")
        for job in self.queue.history():
            self.publish(job.summary())
        self.publish("End of history.")

    def _hand_out(self) -> None:
        for engine in self.engines:
            if engine.ready and (job := self.queue.take(engine.name, engine.classes)):
                self._give(engine, job)

    def _give(self, engine: Engine, job: Job) -> None:
        self.publish(job.begin_message("START"))
        engine.give(asdict(job), 60 * self.config.tasks[job.task].stall_minutes)

    def _listen(self, engine: Engine) -> None:
        """Take in all that an engine has to say; one that has died or hangs is replaced, and its job begun again."""
        while engine.connection is not None:
            try:
                said = engine.hear()
            except StepError as error:
                self._lost(engine, str(error))
                return
            if said is None:
                return
            self._react(engine, said)

    def _react(self, engine: Engine, said: Said) -> None:
        job = self.queue.running.get(engine.name)
        if said.what == "publish":
            self.publish(*said.content)
        elif said.what == ENDED and job:
            job.images, chain = said.content[0]
            self._end(engine, DONE)
            if chain:
                self._chain(engine, job)
        elif said.what == LOST:
            self._lost(engine, said.content[0])
        elif said.what != "beat":
            self._failed(engine, *said.content)

    def _chain(self, engine: Engine, job: Job) -> None:
        """Begin what follows on the same engine, where the pictures are still known, or let it wait for another."""
        follower = self.config.tasks[job.task].chain
        if follower is None:
            return
        chained = job.chained(self.config.tasks[follower])
        self.publish(chained.begin_message("SUBMIT"))
        if chained.job_class in engine.classes and engine.ready:
            self.queue.begin(engine.name, chained)
            self._give(engine, chained)
        else:
            self.queue.follow(chained)

    def _lost(self, engine: Engine, why: str) -> None:
        """Begin a job again that was lost by no fault of its own, as often as its task allows."""
        job = self.queue.running.get(engine.name)
        if job is None:
            self.publish(f"{why}. It is started again.", "ERROR")
        elif job.tries <= self.config.tasks[job.task].retries:
            self.publish(f"{job.task}({job.date}, {job.event}) is begun again: {why}", "WARNING")
            self.queue.again(engine.name)
        else:
            self._failed(engine, why)

    def _failed(self, engine: Engine, why: str, trace: str = "") -> None:
        job = self.queue.running.get(engine.name)
        if job is None:
            return
        if trace:
            log.error("%s", trace)
        self.publish(f"{job.task}({job.date}, {job.event}) failed: {why}", "ERROR")
        self._end(engine, FAILED)

    def _end(self, engine: Engine, status: str) -> None:
        self.publish(self.queue.end(engine.name, status).end_message())
