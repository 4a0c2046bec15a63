"""Hears SentinelCam's sentinel say that it has embedded new faces: its log publisher (docs/formats.md, 1.3)."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

from deepthink.errors import MissingExtraError, SettingsError

try:
    import zmq
except ImportError as error:
    raise MissingExtraError("pyzmq", "watch") from error

log = logging.getLogger(__name__)
TOPIC, TASK = b"Sentinel.INFO", "FaceDataUpdate"
LONGEST = 64 * 1024  # bytes of a message; an end of job has some 400
MOST_AT_ONCE = 200  # messages before others are heard
_JOB = re.compile(r"[0-9a-f]{32}", re.ASCII)


class Ear:
    """A subscription to a sentinel's log.

    Parameters
    ----------
    address : str
        tcp://sentinel:5566. It need not be there yet: the connection is made when it comes, and again when it goes.

    Raises
    ------
    SettingsError
        It is no address.
    """

    def __init__(self, address: str) -> None:
        self._address, self._context = address, zmq.Context()
        self._connect()

    def _connect(self) -> None:
        self.socket = self._context.socket(zmq.SUB)
        self.socket.linger, self.socket.tcp_keepalive = 0, 1
        self.socket.maxmsgsize, self.socket.rcvhwm = LONGEST, 1000
        self.socket.reconnect_ivl, self.socket.reconnect_ivl_max = 500, 30_000
        self.socket.subscribe(TOPIC)
        self._monitor = self.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        try:
            self.socket.connect(self._address)
        except zmq.ZMQError as error:
            self.close()
            wrong = f"watch.sentinel: {self._address} is no address ({error.strerror})"
            raise SettingsError(f"{wrong}. Write it as tcp://sentinel:5566.") from None

    def heard(self) -> list[tuple[str, str]]:
        """Return the updates that ended since the last call: the job's id, and its date."""
        found = []
        for _ in range(MOST_AT_ONCE):
            try:
                frames = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                break
            ended = update_ended(frames)
            if ended is not None:
                found.append(ended)
        else:
            return found
        if self._monitor.poll(0):  # libzmq gives a publisher up for good whose message was too long
            self._let_go()
            self._connect()
        return found

    def _let_go(self) -> None:
        self.socket.disable_monitor()
        self._monitor.close(linger=0)
        self.socket.close(linger=0)

    def close(self) -> None:
        """End the subscription."""
        self._let_go()
        self._context.destroy(linger=0)


def update_ended(frames: list[bytes]) -> tuple[str, str] | None:
    """Return which update has ended well, if that is what a message says; None for whatever else it says.

    Examples
    --------
    >>> said = {"flag": "EOJ", "task": "FaceDataUpdate", "status": "Done", "jobid": "a" * 32, "date": "2026-03-05"}
    >>> update_ended([b"Sentinel.INFO", json.dumps(said).encode()])
    ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', '2026-03-05')
    >>> update_ended([b"Sentinel.INFO", b"FaceDataUpdate: 4 face selections processed for 2026-03-05."])
    """
    said = _read(frames)
    if not isinstance(said, dict) or said.get("flag") != "EOJ" or said.get("task") != TASK:
        return None
    job, status = said.get("jobid"), said.get("status")
    if status != "Done":
        log.warning("The sentinel's %s ended as %.40r: nothing is trained for it", TASK, status)
        return None
    if not isinstance(job, str) or not _JOB.fullmatch(job):
        return None
    return job, str(said.get("date"))[:10]


def _read(frames: list[bytes]) -> Any:
    if len(frames) != 2 or not frames[0].startswith(TOPIC) or b"EOJ" not in frames[1]:
        return None
    try:
        return json.loads(frames[1])
    except (ValueError, RecursionError):
        return None
