"""An MQTT client from settings: address, login, encryption."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from deepthink.errors import MissingExtraError, SettingsError
from deepthink.settings.watching import MqttSettings

if TYPE_CHECKING:
    from paho.mqtt.client import Client


def make_client(settings: MqttSettings, password: str | None, name: str) -> Client:
    """Return a client that is not connected yet.

    Parameters
    ----------
    settings : MqttSettings
        Where the broker is.
    password : str or None
        To log in with.
    name : str
        The client's id: a second client with it takes the first one's place.

    Raises
    ------
    MissingExtraError
        paho-mqtt is not installed.
    SettingsError
        The certificate to trust cannot be used.
    """
    try:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion
    except ImportError as error:
        raise MissingExtraError(str(error.name), "watch") from None
    client = Client(CallbackAPIVersion.VERSION2, client_id=name)
    if settings.user or password:
        client.username_pw_set(settings.user or "", password)
    if settings.tls or settings.ca:
        client.tls_set_context(_trusting(settings))
    return client


def _trusting(settings: MqttSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(settings.ca) if settings.ca else None)
    except OSError as error:  # an SSLError too
        raise SettingsError(
            f"messages.mqtt.ca: {settings.ca} is no certificate to trust: {error.strerror or error}."
        ) from None


def address(settings: MqttSettings) -> tuple[str, int]:
    """Return the broker's host and port.

    Examples
    --------
    >>> address(MqttSettings(host="broker", tls=True))
    ('broker', 8883)
    """
    return settings.host or "", settings.port or (8883 if settings.tls or settings.ca else 1883)
