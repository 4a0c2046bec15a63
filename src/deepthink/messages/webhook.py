"""News by POST, as JSON that is signed: a receiver can tell who sent it, when, and whether it has it already."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from deepthink import __version__
from deepthink.errors import DeliveryError, SettingsError
from deepthink.messages.base import News
from deepthink.messages.faults import said
from deepthink.messages.state import as_json

SECONDS = 10.0  # for all of it, a receiver that answers byte by byte included
LEAST_SECRET = 16  # characters


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature of a body sent at a moment.

    A receiver works it out anew and compares, in a time that does not depend on where they differ:

    >>> timestamp, body = "1764040000", b'{"kind":"deployed"}'
    >>> header = sign("a secret of 16 or more", timestamp, body)
    >>> header[:15], len(header)
    ('sha256=dff73311', 71)

    >>> import hashlib, hmac
    >>> made = hmac.new(b"a secret of 16 or more", timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    >>> hmac.compare_digest(header, f"sha256={made}")
    True
    """
    return "sha256=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class Webhook:
    """An address that is told by POST; only an answer of 200 to 299 counts, and no redirect is followed.

    Parameters
    ----------
    url : str
        Where to, http or https.
    secret : str
        Of the signature, which both sides know.
    number : str
        What its name ends in, where several are called alike.

    Raises
    ------
    SettingsError
        The secret is too short, or the address cannot be used.
    """

    def __init__(self, url: str, secret: str, number: str = "") -> None:
        try:
            self.parts = urlsplit(url)
            port = self.parts.port
        except ValueError as error:
            raise SettingsError(f"messages.webhooks.url: {error}.") from None
        host = self.parts.hostname
        if not host or self.parts.scheme not in ("http", "https") or self.parts.username is not None:
            raise SettingsError("messages.webhooks.url must be http(s)://host/path, without a login: it is signed.")
        if len(secret) < LEAST_SECRET:
            raise SettingsError(f"messages.webhooks.secret_file: {LEAST_SECRET} characters at least, for {host}.")
        self.secret, self.host, self.port = secret, host, port
        self.name = f"webhook {host}" + (f":{port}" if port else "") + number

    def send(self, news: News) -> None:
        """Post it; DeliveryError when it was not taken."""
        body, at = as_json(news.as_dict()).encode(), str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"deepthink/{__version__}",
            "X-Deepthink-Id": news.id,
            "X-Deepthink-Timestamp": at,
            "X-Deepthink-Signature": sign(self.secret, at, body),
        }
        try:
            status = self._posted(body, headers)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise DeliveryError(_why(error)) from None
        if not 200 <= status <= 299:
            moved = ", a redirect, which is not followed" if 300 <= status <= 399 else ""
            raise DeliveryError(f"it answers {status}{moved}")

    def _posted(self, body: bytes, headers: dict[str, str]) -> int:
        kind = http.client.HTTPSConnection if self.parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(self.host, self.port, timeout=SECONDS)
        try:
            connection.connect()
            with _ending(connection.sock):
                path = self.parts.path or "/"
                connection.request("POST", f"{path}?{self.parts.query}" if self.parts.query else path, body, headers)
                return connection.getresponse().status
        finally:
            connection.close()


@contextmanager
def _ending(sock: socket.socket) -> Iterator[None]:
    """End a conversation that takes too long as a whole; a socket's own timeout begins anew with each byte."""
    ended = threading.Event()

    def end() -> None:
        ended.set()
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(SECONDS, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if ended.is_set():  # what the receiver seemed to say is what it had said until then
            raise TimeoutError


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"it did not answer within {SECONDS:.0f} s"
    if isinstance(error, OSError):
        return said(error)
    return f"it did not answer as a web server does ({type(error).__name__})"
