"""A broker that is told how a site stands, and from which *train now* comes: docs/steps/messages.md."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from deepthink.messages import home_assistant
from deepthink.messages.base import Standing
from deepthink.messages.faults import said
from deepthink.messages.mqtt_client import address, make_client
from deepthink.messages.state import as_json, state, unknown
from deepthink.settings.watching import MqttSettings

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage

PRESS = b"PRESS"
BETWEEN_PRESSES = 10.0  # seconds; and between two births of Home Assistant
WAITS = 1.0, 60.0  # seconds until it is tried again: the first, doubled until the last
STEADY = 10.0  # a connection that lasted so long was one: the next wait is the first again
FAREWELL = 2.0  # at most, to say that we are offline

log = logging.getLogger(__name__)


class Broker:
    """A connection that keeps itself, in a thread of its own: nothing here waits for the broker.

    Only what is latest is kept, one payload for each topic, and sent again after each connection. All that concerns
    the network happens in the thread; `tell` only puts a standing where the thread looks every second.

    Parameters
    ----------
    settings : MqttSettings
        Where the broker is; its host must be set.
    password : str or None
        To log in with.
    train : callable
        What *train now* does; called in the thread, at most once in ten seconds.
    waits : pair of float, default=(1, 60)
        Seconds until a connection is tried again, at first and at most.
    """

    def __init__(
        self,
        settings: MqttSettings,
        password: str | None,
        train: Callable[[], None],
        waits: tuple[float, float] = WAITS,
    ) -> None:
        self.settings, self.train, self.waits = settings, train, waits
        self.topic, self.connected = settings.topic, False
        self._client = make_client(settings, password, f"deepthink-{settings.topic}")
        self._client.will_set(f"{self.topic}/availability", "offline", qos=1, retain=True)
        self._client.on_connect = self._on_connect
        self._client.on_message, self._client.on_publish = self._on_message, self._on_publish
        self._standing: Standing | None = None
        self._told: Standing | None = None
        self._pressed_at = self._born_at = -1e9
        self._born = False
        self._wanted: dict[str, str] = self._lasting()
        self._sent: dict[str, str] = {}
        self._flying: dict[int, str] = {}
        self._trouble = ""
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)

    def start(self) -> Broker:
        """Connect, and stay so; return at once."""
        self._thread.start()
        return self

    def tell(self, standing: Standing) -> None:
        """Say how the site stands; only the latest is kept while the broker is away."""
        self._standing = standing

    def close(self) -> None:
        """Say that the site is offline, where that takes no longer than a moment, and end."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join(FAREWELL + 4)

    def _lasting(self) -> dict[str, str]:
        """Return what is said whatever happens: the device first, so that it is known when its state comes."""
        prefix = self.settings.discovery
        found = dict([home_assistant.discovery(prefix, self.topic)]) if prefix else {}
        return {**{at: as_json(payload) for at, payload in found.items()}, f"{self.topic}/availability": "online"}

    def _run(self) -> None:
        first, most = self.waits
        wait = first / 2
        while not self._end.is_set():
            began = time.monotonic()
            try:
                self._stay()
            except Exception as error:  # the service goes on without a broker, whatever is wrong with it
                self._away(said(error))
            steady = self.connected and time.monotonic() - began > STEADY
            self.connected = False
            wait = first if steady else min(most, wait * 2)
            self._end.wait(wait)

    def _stay(self) -> None:
        """Connect and serve until the connection breaks or we end."""
        host, port = address(self.settings)
        self._client.connect(host, port, keepalive=60)
        while self._client.loop(1.0) == 0:
            if self._end.is_set():
                return self._farewell()
            self._publish()
        if self.connected or not self._trouble:  # else it has said why
            self._away("the connection broke" if self.connected else "it does not answer as a broker")

    def _publish(self) -> None:
        """Send what the broker does not have; never a second payload of a topic before the first is confirmed."""
        if not self.connected:
            return
        self._look()
        for topic, payload in self._wanted.items():
            if self._sent.get(topic) != payload and topic not in self._flying.values():
                self._flying[self._client.publish(topic, payload, qos=1, retain=True).mid] = topic
                self._sent[topic] = payload

    def _look(self) -> None:
        """Take the latest standing, and Home Assistant's birth, once in ten seconds."""
        now, standing = time.monotonic(), self._standing
        if self._born and now - self._born_at >= BETWEEN_PRESSES:
            self._born, self._born_at = False, now
            self._sent.clear()
        if standing is not None and standing is not self._told:
            self._told = standing
            self._wanted[f"{self.topic}/unknown"] = as_json(unknown(standing))
            self._wanted[f"{self.topic}/state"] = as_json(state(standing))

    def _farewell(self) -> None:
        if self.connected:
            told = self._client.publish(f"{self.topic}/availability", "offline", qos=1, retain=True)
            until = time.monotonic() + FAREWELL
            while not told.is_published() and time.monotonic() < until and self._client.loop(0.1) == 0:
                pass
        self._client.disconnect()

    def _away(self, why: str) -> None:
        """Say once what is wrong, not at every try."""
        if why != self._trouble:
            log.warning("mqtt: %s:%d: %s; it is tried again", *address(self.settings), why)
        self._trouble = why

    def _on_connect(self, client: Client, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            return self._away(f"the broker says: {reason}")
        client.drop_out_messages()  # older than what is sent now
        self._sent.clear()
        self._flying.clear()
        client.subscribe([(f"{self.topic}/train", 1), *([(birth, 1)] if (birth := self._birth()) else [])])
        self.connected, self._trouble = True, ""
        log.info("mqtt: connected to %s:%d", *address(self.settings))

    def _on_publish(self, client: Client, userdata: Any, mid: int, reason: Any, properties: Any) -> None:
        self._flying.pop(mid, None)

    def _on_message(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        if message.retain:  # the broker's memory of something old: it would train at every connection
            return
        if message.topic == self._birth():
            self._born = self._born or message.payload == b"online"
        elif message.payload == PRESS and time.monotonic() - self._pressed_at >= BETWEEN_PRESSES:
            self._pressed_at = time.monotonic()
            self._press()

    def _press(self) -> None:
        log.info("mqtt: train now")
        try:
            self.train()
        except Exception:
            log.exception("mqtt: train now did not work")

    def _birth(self) -> str:
        """Return where Home Assistant says that it has started."""
        return f"{self.settings.discovery}/status" if self.settings.discovery else ""
