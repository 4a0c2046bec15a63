"""News as an MQTT message, by a connection of its own that lasts only as long as it takes."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from deepthink.errors import DeliveryError
from deepthink.messages.base import News
from deepthink.messages.faults import said
from deepthink.messages.mqtt_client import address, make_client
from deepthink.messages.state import as_json
from deepthink.settings.watching import MqttSettings

if TYPE_CHECKING:
    from paho.mqtt.client import Client

SECONDS = 10.0


class MqttNews:
    """The topic `news` of a site; not retained, QoS 1: whoever is subscribed then has it.

    Parameters
    ----------
    settings : MqttSettings
        Where the broker is.
    password : str or None
        To log in with.
    """

    def __init__(self, settings: MqttSettings, password: str | None) -> None:
        self.settings, self.password = settings, password
        self.name = "mqtt"

    def send(self, news: News) -> None:
        """Publish it, and wait until the broker has it."""
        client = make_client(self.settings, self.password, f"deepthink-{self.settings.topic}-news-{os.getpid()}")
        answers: list[str] = []
        client.on_connect = lambda client, userdata, flags, reason, properties: answers.append(
            str(reason) if reason.is_failure else ""
        )
        try:
            client.connect(*address(self.settings))
            self._publish(client, as_json(news.as_dict()), answers)
        except (OSError, ValueError, RuntimeError) as error:
            raise DeliveryError(said(error)) from None
        finally:
            client.disconnect()

    def _publish(self, client: Client, payload: str, answers: list[str]) -> None:
        until = time.monotonic() + SECONDS
        _loop(client, until, lambda: bool(answers))
        if not answers or answers[0]:
            raise DeliveryError(f"the broker says: {answers[0]}" if answers else "the broker does not answer")
        sent = client.publish(f"{self.settings.topic}/news", payload, qos=1)
        _loop(client, until, sent.is_published)
        if not sent.is_published():
            raise DeliveryError("the broker did not confirm it")


def _loop(client: Client, until: float, done: Any) -> None:
    """Let the client work until something is done, the connection breaks, or it takes too long."""
    while not done() and time.monotonic() < until and client.loop(0.2) == 0:
        pass
