"""The parts of a page that are kept up to date: rendered once for everybody, sent to each browser when they change."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

LOG = logging.getLogger(__name__)
TICK = 2.0  # seconds between two looks whether anything is another, for the whole service
FRESH = 10.0  # seconds after which parts are rendered anew though no file has changed: memory, watts, heat
HEARTBEAT = 15.0  # seconds after which a connection on which nothing was sent is given a sign of life
MOST = 32  # browsers at once


@dataclass(frozen=True)
class Part:
    """A part of the page."""

    id: str
    html: str

    @property
    def mark(self) -> str:
        """What is another as soon as the part is."""
        return hashlib.blake2b(f"{self.id}\n{self.html}".encode("utf-8", "replace"), digest_size=6).hexdigest()

    def as_dict(self) -> dict[str, str]:
        """Return it as JSON has it."""
        return {"id": self.id, "mark": self.mark, "html": self.html}


class Live:
    """Parts, and the browsers that want to hear of their changes. While there are none nothing is looked at.

    Parameters
    ----------
    stamp : callable
        Returns what is another as soon as a part may be; it is called often, and costs little.
    render : callable
        Returns each part's HTML by its id.
    meanwhile : callable, optional
        Called every now and then as long as somebody looks.
    """

    def __init__(
        self,
        stamp: Callable[[], object],
        render: Callable[[], Mapping[str, str]],
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        self._stamp, self._render, self._meanwhile = stamp, render, meanwhile
        self._parts: dict[str, Part] = {}
        self._seen: tuple[object, float] = (None, -FRESH)
        self._one, self._among = threading.Lock(), threading.Lock()
        self._listeners: set[_Listener] = set()
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()

    def parts(self) -> dict[str, Part]:
        """Return the parts as they are now."""
        with self._one:
            stamp = self._stamp()
            if stamp != self._seen[0] or time.monotonic() - self._seen[1] >= FRESH:
                self._parts = {id: Part(id, html) for id, html in self._render().items()}
                self._seen = stamp, time.monotonic()
            return self._parts

    def fresh(self, have: set[str]) -> list[Part]:
        """Return the parts that somebody does not have who has those of some marks."""
        return [part for part in self.parts().values() if part.mark not in have]

    @property
    def listeners(self) -> int:
        """How many browsers are told of changes."""
        return len(self._listeners)

    @property
    def full(self) -> bool:
        """Whether no more browsers can be told."""
        return self.listeners >= MOST

    async def stream(self, have: set[str], may: Callable[[], bool]) -> AsyncIterator[str]:
        """Yield server-sent events: each part that is another than what the browser has, until the session ends.

        Parameters
        ----------
        have : set of str
            The marks of the parts that the browser has.
        may : callable
            Whether it may (still) see them.
        """
        listener = _Listener(asyncio.get_running_loop(), asyncio.Event())
        if not self._join(listener):
            return
        try:
            yield "retry: 3000\n\n"
            while not self._ended.is_set():
                listener.changed.clear()
                if not await asyncio.to_thread(may):
                    yield "event: end\ndata: {}\n\n"
                    return
                now = {part.mark: part for part in (await asyncio.to_thread(self.parts)).values()}
                for mark in now.keys() - have:
                    yield f"event: part\ndata: {json.dumps(now[mark].as_dict())}\n\n"
                have = set(now)
                yield ": here\n\n"
                with suppress(TimeoutError):
                    await asyncio.wait_for(listener.changed.wait(), HEARTBEAT)
        finally:
            self._leave(listener)

    def _join(self, listener: _Listener) -> bool:
        """Let a browser be told; False when so many are that no more can be."""
        with self._among:
            if self.full:
                return False
            self._listeners.add(listener)
            if self._thread is None and not self._ended.is_set():
                self._thread = threading.Thread(target=self._watch, name="live", daemon=True)
                self._thread.start()
            return True

    def _leave(self, listener: _Listener) -> None:
        with self._among:
            self._listeners.discard(listener)

    def _watch(self) -> None:
        """Look for changes as long as somebody wants to hear of them."""
        before: object = None
        while not self._ended.wait(TICK):
            with self._among:
                if not self._listeners:
                    self._thread = None
                    return
            try:
                self._meanwhile()
                now = self.parts(), self._seen[0]  # who may look can change though no part does
            except Exception:  # one bad look must not end all the later ones
                LOG.exception("Nothing can be looked at")
                continue
            if now != before:
                before = now
                self.tell()

    def tell(self) -> None:
        """Let all browsers look for what has changed."""
        with self._among:
            for listener in self._listeners:
                listener.wake()

    def close(self) -> None:
        """End all connections."""
        self._ended.set()
        self.tell()


@dataclass(frozen=True, eq=False)
class _Listener:
    loop: asyncio.AbstractEventLoop
    changed: asyncio.Event

    def wake(self) -> None:
        with suppress(RuntimeError):  # its loop has ended
            self.loop.call_soon_threadsafe(self.changed.set)
