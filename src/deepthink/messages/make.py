"""Channels and the broker, made from a site's settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from deepthink.errors import DeepthinkError, SettingsError
from deepthink.messages.base import Channel
from deepthink.messages.mqtt import Broker
from deepthink.messages.mqtt_news import MqttNews
from deepthink.messages.notify import Notify, addresses
from deepthink.messages.private import read_private
from deepthink.messages.webhook import Webhook
from deepthink.settings.watching import MessagesSettings, MqttSettings


def make_channels(settings: MessagesSettings, root: Path) -> list[Channel]:
    """Return every way of telling somebody that a site has.

    Parameters
    ----------
    settings : MessagesSettings
        What is configured.
    root : Path
        The site's folder: paths of the settings are relative to it.

    Raises
    ------
    SettingsError
        A file is missing, or holds what cannot work.
    """
    channels, wrong = usable_channels(settings, root)
    if wrong:
        raise SettingsError(" ".join(wrong))
    return channels


def usable_channels(settings: MessagesSettings, root: Path) -> tuple[list[Channel], list[str]]:
    """Return the channels that can be used, and what is wrong with the others: one must not silence the rest."""
    made: list[Channel] = []
    wrong: list[str] = []
    for make in (_mqtt, _notify, _webhooks):
        try:
            made += make(settings, root, wrong)
        except DeepthinkError as error:
            wrong.append(str(error))
    return made, wrong


def make_broker(settings: MqttSettings, root: Path, train: Callable[[], None]) -> Broker | None:
    """Return the connection to the broker, not started yet; None where there is none.

    Raises
    ------
    SettingsError
        The file of the password or the certificate is missing.
    """
    if settings.host is None:
        return None
    settings = _on_this_machine(settings, root)
    return Broker(settings, _password(settings), train)


def _mqtt(settings: MessagesSettings, root: Path, wrong: list[str]) -> list[Channel]:
    if settings.mqtt.host is None:
        return []
    mqtt = _on_this_machine(settings.mqtt, root)
    return [MqttNews(mqtt, _password(mqtt))]


def _notify(settings: MessagesSettings, root: Path, wrong: list[str]) -> list[Channel]:
    if settings.notify_file is None:
        return []
    channels = [Notify(address) for address in addresses(root / settings.notify_file.expanduser())]
    for channel, number in zip(channels, _numbers(channel.name for channel in channels), strict=True):
        channel.name += number
    return list(channels)


def _webhooks(settings: MessagesSettings, root: Path, wrong: list[str]) -> list[Channel]:
    made: list[Channel] = []
    hooks = settings.webhooks  # each has its number whether or not those before it can be used
    for hook, number in zip(hooks, _numbers(hook.url.split("/")[2] for hook in hooks), strict=True):
        try:
            secret = read_private(root / hook.secret_file.expanduser(), "messages.webhooks.secret_file")
            made.append(Webhook(hook.url, secret, number))
        except SettingsError as error:
            wrong.append(str(error))
    return made


def _numbers(names: Iterable[str]) -> list[str]:
    """Return what tells apart those that are called alike: the outbox must know which has what.

    Examples
    --------
    >>> _numbers(["nas", "ntfy", "nas"])
    ['', '', '-2']
    """
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(f"-{seen[name]}" if seen[name] > 1 else "")
    return found


def _on_this_machine(settings: MqttSettings, root: Path) -> MqttSettings:
    """Return settings whose paths can be opened."""
    paths = {"password_file": settings.password_file, "ca": settings.ca}
    return settings.model_copy(update={key: root / path.expanduser() for key, path in paths.items() if path})


def _password(settings: MqttSettings) -> str | None:
    return read_private(settings.password_file, "messages.mqtt.password_file") if settings.password_file else None
