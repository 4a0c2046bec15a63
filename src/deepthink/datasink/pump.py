"""A DataPump: serves a datasink's folders over ZeroMQ to SentinelCam's DataFeed, and to ours."""

from __future__ import annotations

import json
import logging
import math
import time
from pathlib import Path
from typing import Any

from deepthink.datasink.answers import Answers
from deepthink.datasink.wire import ERROR, LONGEST_ARRIVAL, lock_server, make_keys, open_socket, unpack, zmq
from deepthink.errors import SettingsError

log = logging.getLogger(__name__)
PATIENCE = 10.0  # seconds that a camwatcher has to delete an event
MOST_PENDING = 64  # deletions that wait for it at once
LONGEST_WAIT = 1000  # milliseconds until the process looks whether it is to end
MOST_UNREAD = 4  # answers that wait for a client that does not read: who asks as SentinelCam does has one


class Pump:
    """Serves until it is closed; one thread, because every answer is ready at once.

    Only deletions can take time: the camwatcher, which owns the index, is asked on a socket of its own each, and what
    it says is handed on when it comes. Nobody else waits for that.

    Parameters
    ----------
    answers : Answers
        What is answered.
    bind : str
        Where to listen, `tcp://*:5556` in SentinelCam. A port of 0 takes one that is free.
    camwatcher : str, optional
        The address of the camwatcher's control port; without it events are deleted here.
    curve : Path, optional
        A folder of CURVE keys, made when it holds none; only clients whose keys it holds can then connect.
    patience : float
        Seconds that the camwatcher has.

    Raises
    ------
    SettingsError
        The address cannot be listened on, or the camwatcher's is none.
    """

    def __init__(
        self,
        answers: Answers,
        bind: str = "tcp://*:5556",
        camwatcher: str | None = None,
        curve: Path | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self.answers, self.camwatcher, self.patience = answers, camwatcher, patience
        self._context = zmq.Context()
        self._pending: dict[Any, tuple[list[bytes], float]] = {}
        self._keeper = _gatekeeper(self._context, make_keys(curve)) if curve else None
        self._socket = open_socket(self._context, zmq.ROUTER)
        self._socket.maxmsgsize, self._socket.sndhwm = LONGEST_ARRIVAL, MOST_UNREAD
        self._socket.router_mandatory = 1  # else an answer without room is dropped, and not told
        # a signal that comes in the moment before a wait, or to another thread, does not wake it: none is without end
        self._socket.rcvtimeo = LONGEST_WAIT
        if curve:
            lock_server(self._socket, curve)
        try:
            self._socket.bind(bind)
        except zmq.ZMQError as error:
            self.close()
            raise SettingsError(
                f"Cannot listen on {bind}: {error}. Is another pump running, or the address wrong?"
            ) from None
        self._poller = zmq.Poller()
        self._poller.register(self._socket, zmq.POLLIN)
        if camwatcher:
            self._check(camwatcher)

    def _check(self, camwatcher: str) -> None:
        with open_socket(self._context, zmq.REQ) as trial:
            try:
                trial.connect(camwatcher)
                return
            except zmq.ZMQError as error:
                why = str(error)
        self.close()
        raise SettingsError(f"{camwatcher!r} is no camwatcher's address: {why}. One is tcp://localhost:5566.")

    @property
    def address(self) -> str:
        """Where it listens."""
        endpoint: str = self._socket.last_endpoint.decode()
        return endpoint

    def serve(self) -> None:
        """Answer until the process is told to end."""
        while True:
            self.step()

    def step(self, seconds: float | None = None) -> None:
        """Wait for something to do, at most so long (a second where nothing is said), and do all that is there."""
        if seconds is None and not self._pending:
            self._take()  # nothing but a request can come, and asking for more than that costs a tenth of the pictures
            return
        wait = min((deadline - time.monotonic() for _, deadline in self._pending.values()), default=seconds)
        if wait is not None and seconds is not None:
            wait = min(wait, seconds)
        ready = dict(self._poller.poll(None if wait is None else math.ceil(max(0.0, wait) * 1000)))
        for socket in ready:
            self._take() if socket is self._socket else self._hand_on(socket)
        now = time.monotonic()
        for socket in [one for one, (_, deadline) in self._pending.items() if deadline <= now]:
            self._end(socket, ERROR)
            log.warning("the camwatcher at %s did not answer within %.0f s", self.camwatcher, self.patience)

    def close(self) -> None:
        """Stop listening."""
        if self._keeper:
            self._keeper.stop()
        self._context.destroy(linger=0)

    def _take(self) -> None:
        """Answer one request, whatever it is, if one comes."""
        try:
            frames = self._socket.recv_multipart()
        except zmq.Again:
            return
        if b"" not in frames[1:]:
            return  # from no REQ socket: nobody waits for an answer
        cut = frames.index(b"", 1) + 1
        envelope, body = frames[:cut], frames[cut:]
        request = unpack(body[0]) if len(body) == 1 else None
        try:
            if self.camwatcher and request and request.get("cmd") == "del":
                self._ask_to_delete(envelope, request)
                return
            reply = self.answers.answer(request)
        except Exception:  # whatever is wrong with one request must not keep the next from its answer
            log.exception("could not answer %r", request)
            reply = [b"Exception"]
        self._reply(envelope, reply)

    def _reply(self, envelope: list[bytes], reply: list[bytes]) -> None:
        """Send an answer; one for which a client has no room, or that nobody waits for, is dropped."""
        answer = [*envelope, *reply]
        try:
            try:
                self._socket.send_multipart(answer, zmq.DONTWAIT)
            except zmq.Again:  # of what a client has read ZeroMQ hears only now and then; asked for its state, at once
                self._socket.getsockopt(zmq.EVENTS)
                self._socket.send_multipart(answer, zmq.DONTWAIT)
        except zmq.ZMQError as error:
            log.info("a client went away, or does not read: %s", error)

    def _ask_to_delete(self, envelope: list[bytes], request: dict[str, Any]) -> None:
        """Ask the camwatcher to delete an event that may be deleted."""
        date, event = request.get("date"), request.get("evt")
        if not (isinstance(date, str) and isinstance(event, str)):
            self._reply(envelope, self.answers.answer({**request, "cmd": "del"}))
            return
        refused = self.answers.refusal(date, event, by_pattern=True)
        if refused or len(self._pending) >= MOST_PENDING:
            self._reply(envelope, [refused or ERROR])
            return
        socket = open_socket(self._context, zmq.REQ)
        socket.connect(self.camwatcher)
        self._poller.register(socket, zmq.POLLIN)
        self._pending[socket] = (envelope, time.monotonic() + self.patience)
        socket.send(json.dumps({"cmd": "DelEvt", "date": date, "event": event}).encode(), zmq.DONTWAIT)

    def _hand_on(self, socket: Any) -> None:
        answer = socket.recv_multipart()
        self._end(socket, answer[0][:100] if answer else ERROR)

    def _end(self, socket: Any, answer: bytes) -> None:
        """Give the camwatcher's answer to who waits for it."""
        envelope, _ = self._pending.pop(socket)
        self._poller.unregister(socket)
        socket.close()
        self._reply(envelope, [answer])


def _gatekeeper(context: Any, folder: Path) -> Any:
    """Start what admits the clients whose keys lie in the folder, and nobody else."""
    from zmq.auth.thread import ThreadAuthenticator

    keeper = ThreadAuthenticator(context)
    keeper.start()
    keeper.configure_curve(domain="*", location=str(folder / "clients"))
    return keeper
