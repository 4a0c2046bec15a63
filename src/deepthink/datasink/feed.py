"""A datasink behind SentinelCam's DataPump, or behind ours (docs/formats.md, 1.2)."""

from __future__ import annotations

import contextlib
import threading
import zlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from deepthink.datasink import inert
from deepthink.datasink.base import Event, Mark, Problems, check_date, check_event, is_date, merge
from deepthink.datasink.folder import STAMP, FolderDatasink
from deepthink.datasink.tables import read_table
from deepthink.datasink.wire import DONE, LOCKED, is_stand_in, lock_client, open_socket, pack, zmq
from deepthink.errors import BadInputError, StepError
from deepthink.records import Box, FrameKey

LARGEST_LIST = 64 * 1024 * 1024  # bytes of a list, unpacked


class FeedDatasink:
    """Reads events and pictures from a DataPump, and keeps results in a folder of its own.

    A DataPump takes no results: SentinelCam's sentinel publishes them and the camwatcher writes them. What is written
    here is kept beside, and read from there before the pump is asked.

    Parameters
    ----------
    address : str
        `tcp://data1:5556`.
    results : Path
        Where results are kept, in a datasink's layout.
    name : str
        How SentinelCam's keys call this datasink.
    timeout : float
        Seconds to wait for an answer.
    retries : int
        How often a question is asked again, on a new connection, when none came.
    curve : Path, optional
        A folder with this client's CURVE keys and the server's public one.

    Notes
    -----
    One question at a time, from any thread: a REQ socket that got no answer in time is thrown away, so that a late
    answer is never taken for that of the next question.
    """

    def __init__(
        self,
        address: str,
        results: Path,
        name: str = "data1",
        *,
        timeout: float = 15.0,
        retries: int = 2,
        curve: Path | None = None,
    ) -> None:
        self.address, self.name, self.timeout, self.retries, self.curve = address, name, timeout, retries, curve
        self.problems = Problems()
        self.results = FolderDatasink(results, results, name)
        self._one = threading.Lock()
        self._context: Any = None
        self._socket: Any = None

    def dates(self) -> list[str]:
        """Return the days that hold events, oldest first; the pump's list may hold anything else as well."""
        named = self._list({"cmd": "dat"})
        return sorted({date for date in named if isinstance(date, str) and is_date(date)})

    def events(self, date: str) -> list[Event]:
        """Return a day's events in the order of their start."""
        rows = []
        for number, row in enumerate(self._table({"cmd": "idx", "date": check_date(date)})):
            try:
                rows.append(_event(date, row))
            except (KeyError, TypeError, ValueError) as error:
                self.problems.add(f"{self.address} {date}", number, f"no event: {error}")
        known = {row.event for row in rows}
        rows += [event for event in self.results.events(date) if event.event in known]
        return merge(rows)

    def marks(self, event: Event, kind: str) -> list[Mark]:
        """Return one set of an event in the order of time."""
        own = self.results.marks(event, kind)
        if own or self.results.holds(event, kind):
            return own
        found = []
        request = {"cmd": "evt", "date": check_date(event.date), "evt": check_event(event.event), "trk": kind}
        for number, row in enumerate(self._table(request)):
            try:
                found.append(_mark(row))
            except (KeyError, TypeError, ValueError) as error:
                self.problems.add(f"{self.address} {event.date} {event.event} {kind}", number, f"no mark: {error}")
        return sorted(found, key=lambda mark: mark.time)

    def times(self, event: Event) -> list[datetime]:
        """Return when the event's pictures were taken, ascending."""
        request = {"cmd": "img", "date": check_date(event.date), "evt": check_event(event.event)}
        return sorted(time for time in self._list(request) if isinstance(time, datetime) and time.tzinfo is None)

    def picture(self, key: FrameKey) -> bytes:
        """Return a picture's JPEG bytes.

        Raises
        ------
        BadInputError
            There is no such picture, or it is empty: the pump then sends a single black pixel.
        """
        request = {"cmd": "pic", "date": check_date(key.date), "evt": check_event(key.event)}
        jpeg = self._ask({**request, "frametime": key.time.strftime(STAMP)}, 2)[1]
        if is_stand_in(jpeg) or not jpeg:
            raise BadInputError(f"{self.address} has no picture of {key.event} at {key.time}.")
        return jpeg

    def write(self, event: Event, kind: str, marks: Sequence[Mark]) -> None:
        """Replace one set of an event, in the folder of results."""
        self.results.write(event, kind, marks)

    def delete(self, event: Event) -> bool:
        """Have an event deleted; False when it is locked.

        Raises
        ------
        BadInputError
            The pump could not do it.
        StepError
            No answer came; it is not asked again, since it may have been done.
        """
        request = {"cmd": "del", "date": check_date(event.date), "evt": check_event(event.event)}
        answer = self._ask(request, 1, retries=0)[0]
        if answer not in (DONE, LOCKED):
            raise BadInputError(f"{self.address} could not delete {event.date} {event.event}: {_shown(answer)}.")
        if answer == DONE:
            with contextlib.suppress(BadInputError):  # nothing was found in it
                self.results.delete(event)
        return answer == DONE

    def healthy(self) -> bool:
        """Whether the pump answers."""
        try:
            return self._ask({"cmd": "HC"}, 1, retries=0) == [DONE]
        except (StepError, BadInputError):
            return False

    def close(self) -> None:
        """Hang up; the next question connects anew."""
        with self._one:
            self._hang_up()
            if self._context is not None:
                self._context.term()
                self._context = None

    def _table(self, request: dict[str, str]) -> list[dict[str, Any]]:
        return read_table(self._ask(request, 2)[1])

    def _list(self, request: dict[str, str]) -> list[Any]:
        """Read a packed list; what is packed is bounded, so that a small message cannot fill the memory."""
        unpacker = zlib.decompressobj()
        try:
            content = unpacker.decompress(self._ask(request, 2)[1], LARGEST_LIST)
        except zlib.error as error:
            raise BadInputError(f"{self.address} sent what cannot be unpacked: {error}") from None
        found = inert.read(content)
        if not isinstance(found, list) or unpacker.unconsumed_tail:
            raise BadInputError(f"{self.address} sent no list to {request}.")
        return found

    def _ask(self, request: dict[str, str], frames: int, retries: int | None = None) -> list[bytes]:
        """Ask, again when nothing comes, and return the answer's frames, as many as there must be."""
        with self._one:
            for _ in range(1 + (self.retries if retries is None else retries)):
                answer = self._once(pack(request))
                if answer is not None:
                    return self._checked(request, answer, frames)
        raise StepError(
            f"The DataPump at {self.address} did not answer {request['cmd']!r} within {self.timeout:g} s. "
            "Is it running, and the address right (datasink.feed)?"
        )

    def _once(self, request: bytes) -> list[bytes] | None:
        if self._socket is None:
            self._connect()
        self._socket.send(request)
        if self._socket.poll(self.timeout * 1000):
            answer: list[bytes] = self._socket.recv_multipart()
            return answer
        self._hang_up()
        return None

    def _connect(self) -> None:
        if self._context is None:
            self._context = zmq.Context()
        self._socket = open_socket(self._context, zmq.REQ)
        if self.curve:
            lock_client(self._socket, self.curve)
        try:
            self._socket.connect(self.address)
        except zmq.ZMQError as error:
            self._hang_up()
            raise StepError(
                f"{self.address!r} is no address to connect to: {error}. One is tcp://data1:5556."
            ) from None

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _checked(self, request: dict[str, str], answer: list[bytes], frames: int) -> list[bytes]:
        if len(answer) != frames:
            raise BadInputError(f"The DataPump at {self.address} answered {_shown(answer[0])} to {request}.")
        return answer


def _shown(frame: bytes) -> str:
    return repr(frame[:60].decode("ascii", "replace"))


def _event(date: str, row: dict[str, Any]) -> Event:
    node, view = str(row["node"]), str(row["viewname"])
    start = _time(row["timestamp"])
    size = int(row["width"]), int(row["height"])
    return Event(date, check_event(str(row["event"])), f"{node}/{view}", node, view, start, *size, (str(row["type"]),))


def _mark(row: dict[str, Any]) -> Mark:
    box = Box(*(int(row[f"rect_{side}"]) for side in ("x1", "y1", "x2", "y2")))
    return Mark(_time(row["timestamp"]), str(row["objid"]), str(row["classname"]), box)


def _time(value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise ValueError(f"{value!r} is not a time")
    return value.replace(tzinfo=None)
