"""The Prometheus endpoint: read only, on one address, and not to be stopped by clients that are slow or hostile."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections import deque
from collections.abc import Callable
from socketserver import TCPServer
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from deepthink.errors import SettingsError
from deepthink.messages.base import Standing
from deepthink.messages.metrics import StandingCollector

MOST = 8  # connections at once; the oldest goes when another comes
SECONDS = 5.0  # that a client may keep us waiting

log = logging.getLogger(__name__)


class Metrics:
    """An endpoint that serves until it is closed.

    Parameters
    ----------
    server : _Server
        What listens.
    """

    def __init__(self, server: _Server) -> None:
        self._server = server
        self.port = server.server_port
        self._thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def serve_metrics(address: str, standing: Callable[[], Standing]) -> Metrics:
    """Serve metrics over HTTP from now on.

    Parameters
    ----------
    address : str
        `127.0.0.1:9108`, `[::1]:9108`; port 0 is any that is free.
    standing : callable
        Returns how the site stands; asked in other threads.

    Raises
    ------
    SettingsError
        Nothing can listen there.
    """
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import make_wsgi_app

    host, port = split(address)
    registry = CollectorRegistry()
    registry.register(StandingCollector(standing))
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        server = _Server(family, (host, port))
    except OSError as error:
        raise SettingsError(f"watch.metrics: nothing can listen on {address}: {error.strerror or error}.") from None
    server.set_app(make_wsgi_app(registry))
    log.info("metrics: http://%s:%d/metrics", host, server.server_port)
    return Metrics(server)


def split(address: str) -> tuple[str, int]:
    """Return host and port of an address.

    Examples
    --------
    >>> split("127.0.0.1:9108"), split("[::1]:9108")
    (('127.0.0.1', 9108), ('::1', 9108))
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise SettingsError(f"watch.metrics: {address!r} is no address and port, such as 127.0.0.1:9108.")
    return host.strip("[]"), int(port)


class _Handler(WSGIRequestHandler):
    timeout = SECONDS

    def log_message(self, format: str, *values: Any) -> None:
        """Say nothing: it is asked every few seconds."""


class _Server(WSGIServer):
    """A thread for each connection, of which there are few: a client that never ends loses its place to a newer one."""

    request_queue_size = 64

    def __init__(self, family: int, address: tuple[str, int]) -> None:
        self.address_family = family
        self.open: deque[socket.socket] = deque()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Listen, without asking a name server who we are."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread."""
        self.open.append(request)
        while len(self.open) > MOST:
            with contextlib.suppress(OSError):
                self.open.popleft().shutdown(socket.SHUT_RDWR)
        threading.Thread(target=self._serve, args=(request, client_address), daemon=True).start()

    def _serve(self, request: socket.socket, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except Exception as error:  # a client that hung up, or was too slow
            log.debug("metrics: %s: %s", client_address, error)
        finally:
            with contextlib.suppress(ValueError):
                self.open.remove(request)
            self.shutdown_request(request)
