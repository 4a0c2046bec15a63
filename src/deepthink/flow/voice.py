"""The service's voice: how the site stands, to a broker and to Prometheus; news, to whoever is to hear them."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable

from deepthink.flow import requests
from deepthink.flow.child import Child
from deepthink.messages.base import News, Standing
from deepthink.messages.make import make_broker, make_channels
from deepthink.messages.outbox import Outbox
from deepthink.settings import Settings

log = logging.getLogger(__name__)
CALM, BUSY = 10.0, 2.0  # seconds between two tellings of how it stands


class Voice:
    """Everything that speaks.

    Parameters
    ----------
    settings : Settings
    standing : callable
        Returns how the site stands.
    outbox : Outbox
        Where news wait; it outlives a voice.
    flags : tuple of str
        Settings for this run alone, handed on to the process that sends.

    Raises
    ------
    SettingsError
        A file with a password or an address is not there, or the endpoint's port is taken.
    """

    def __init__(
        self, settings: Settings, standing: Callable[[], Standing], outbox: Outbox, flags: tuple[str, ...] = ()
    ) -> None:
        self._settings, self._standing, self._flags = settings, standing, flags
        self._folder = settings.watch_folder
        self._channels = [channel.name for channel in make_channels(settings.messages, settings.root)]
        self._outbox = outbox
        self._post: Child | None = None
        self._told = -1e9
        self._broker = make_broker(settings.messages.mqtt, settings.root, self._asked)
        self._metrics = None
        if settings.watch.metrics:
            from deepthink.messages.serve_metrics import serve_metrics

            self._metrics = serve_metrics(settings.watch.metrics, standing)
        if self._broker is not None:
            self._broker.start()  # last: one that nobody could close would fight with the next for its name

    def _asked(self) -> None:
        requests.ask(self._folder, "mqtt")

    def tell(self, news: News) -> None:
        """Let news wait for the next delivery."""
        log.info("%s: %s", news.title, news.text)
        self._told = -1e9  # how the site stands has changed with it
        if self._channels:
            self._outbox.put(news, self._channels)

    def round(self, busy: bool) -> None:
        """Say how the site stands, and send what waits; both now and then."""
        if self._post is not None and not self._post.running():
            for line in self._post.said():
                log.info("messages: %s", line)
            self._post = None
        now = time.monotonic()
        if now - self._told < (BUSY if busy else CALM):
            return
        self._told = now
        if self._broker is not None:
            self._broker.tell(self._standing())
        self._outbox.keep_held()
        due = self._outbox.due() if self._channels else None
        if self._post is None and due is not None and due <= time.time():
            flags = [f"--set={flag}" for flag in self._flags]
            command = [sys.executable, "-m", "deepthink.messages.send", *flags, str(self._settings.root)]
            self._post = Child("send", command, self._folder)

    def close(self) -> None:
        """Say that the site is off, and end."""
        if self._post is not None:
            self._post.stop(5.0)
        if self._broker is not None:
            self._broker.close()
        if self._metrics is not None:
            self._metrics.close()
