"""News by Apprise, which knows e-mail, ntfy, Telegram and a hundred others: one channel for each address."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

from deepthink.errors import DeliveryError, MissingExtraError, SettingsError
from deepthink.messages.base import Kind, News
from deepthink.messages.private import read_private

KINDS: dict[Kind, str] = {
    "waits": "info", "deployed": "success", "failed": "failure", "drift": "warning", "trouble": "warning",
    "test": "info",
}  # fmt: skip
SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9]{1,19})://")


def addresses(file: Path) -> list[str]:
    """Return the addresses of a file: one a line, # begins a comment line.

    Raises
    ------
    SettingsError
        The file is missing, or a line is no address; the line itself is not told, as it may hold a password.
    """
    lines = read_private(file, "messages.notify_file").splitlines()
    kept = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()[:1] not in ("", "#")]
    for number, line in kept:
        if not SCHEME.match(line):
            raise SettingsError(f"messages.notify_file: line {number} of {file} is no address such as ntfy://topic.")
    return [line for _, line in kept]


class Notify:
    """One Apprise address; named by its kind alone, as all else of it may be secret.

    Parameters
    ----------
    address : str
        As Apprise has it: `mailtos://user:password@host`, `ntfy://topic`, `tgram://token/chat`.
    """

    def __init__(self, address: str) -> None:
        found = SCHEME.match(address)
        self.address, self.name = address, found[1].lower() if found else "notify"

    def __repr__(self) -> str:
        return f"Notify({self.name})"

    def send(self, news: News) -> None:
        """Send it; DeliveryError when it did not arrive. Apprise is loaded here: it costs memory while it is in use."""
        try:
            import apprise
        except ImportError as error:
            raise MissingExtraError(str(error.name), "watch") from None
        with _listening() as heard:
            # no picture: it would be fetched from elsewhere by whoever reads the message
            name = "DeepThink"
            asset = apprise.AppriseAsset(app_id=name, app_desc=name, app_url="", image_url_mask="", image_url_logo="")
            service = apprise.Apprise.instantiate(self.address, asset=asset)
            if service is None:
                raise DeliveryError(f"Apprise cannot use this address: {self._without_secrets(heard)}")
            sender = apprise.Apprise()
            sender.add(service)
            # as text: where a message is HTML, Apprise escapes what names of people may hold
            as_text = apprise.NotifyFormat.TEXT
            if not sender.notify(news.text, news.title, apprise.NotifyType(KINDS[news.kind]), body_format=as_text):
                raise DeliveryError(self._without_secrets(heard) or "it was refused")

    def _without_secrets(self, heard: list[str]) -> str:
        """Return what Apprise said, with every part of the address left out."""
        said = heard[-1] if heard else ""
        for part in sorted(_parts(self.address), key=len, reverse=True):
            said = said.replace(part, "***")
        return said[:200].rstrip(".")


def _parts(address: str) -> set[str]:
    """Return what an address consists of, beside its kind.

    Examples
    --------
    >>> sorted(_parts("mailto://joe:a%20word@host?to=ann"))
    ['a word', 'a%20word', 'ann', 'host', 'joe']
    """
    rest = SCHEME.sub("", address)
    parts = {part for part in re.split(r"[/:@?&=#,]+", rest) if len(part) > 2}
    return {shown for part in parts for shown in (part, unquote(part))}


@contextmanager
def _listening() -> Iterator[list[str]]:
    """Keep what Apprise logs, and keep it from our own log: it may hold the address."""
    heard: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage())

    log, listener = logging.getLogger("apprise"), Listener(logging.WARNING)
    before = log.propagate, log.handlers
    log.propagate, log.handlers = False, [listener]
    try:
        yield heard
    finally:
        log.propagate, log.handlers = before
