"""A web service of a site: its address, who may reach it, and how it ends."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from deepthink.errors import SettingsError
from deepthink.web.guard import Guard, is_loopback
from deepthink.web.users import FILE, Users


@dataclass(frozen=True)
class Address:
    """Where a service listens, and with what it encrypts.

    Parameters
    ----------
    host : str
    port : int
        0 takes any that is free.
    certificate, key : Path, optional
        Of TLS, PEM.

    Raises
    ------
    SettingsError
        One of certificate and key is given without the other.
    """

    host: str = "127.0.0.1"
    port: int = 0
    certificate: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        """Refuse half of what TLS needs."""
        if (self.certificate is None) != (self.key is None):
            raise SettingsError("--certificate and --key go together.")

    @property
    def encrypted(self) -> bool:
        """Whether browsers reach it by TLS alone."""
        return self.certificate is not None


class Service:
    """An application that is served until it is told to end.

    Parameters
    ----------
    app : FastAPI
    address : Address
    ending : callable, optional
        Called when it is told to end, before connections are waited for.

    Raises
    ------
    SettingsError
        The address cannot be had.
    """

    def __init__(self, app: FastAPI, address: Address, ending: Callable[[], None] = lambda: None) -> None:
        host, port = address.host, address.port
        config = uvicorn.Config(
            app, host=host, port=port, log_level="warning", proxy_headers=False, server_header=False,
            ssl_certfile=address.certificate, ssl_keyfile=address.key, timeout_graceful_shutdown=3,
        )  # fmt: skip
        self._socket = _listening(host, port)
        self._server = _Server(config, ending)
        self._idle = threading.Event()
        self._idle.set()
        shown = f"[{host}]" if ":" in host else host
        self.address = f"http{'s' * address.encrypted}://{shown}:{self._socket.getsockname()[1]}"

    def serve(self) -> None:
        """Serve until told to end."""
        self._idle.clear()
        try:
            self._server.run([self._socket])
        finally:
            self._idle.set()

    def close(self) -> None:
        """End what is going on."""
        self._server.should_exit = True
        self._idle.wait(timeout=30)
        self._socket.close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._ending = ending

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End connections that would otherwise never end, then as always."""
        self._ending()
        await super().shutdown(sockets)


def guard_of(root: Path, host: str) -> Guard:
    """Return who decides about requests to a service of a site.

    Raises
    ------
    SettingsError
        Others could reach it, and nobody has a login.
    """
    users = Users(root / FILE)
    if not is_loopback(host) and not users:
        raise SettingsError(
            f"Others could reach {host}, and nobody has a login yet. Add one first: "
            "deepthink serve review --add-user NAME --role administer"
        )
    return Guard(users, is_loopback(host))


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
        found.listen(128)
    except OSError as error:
        found.close()
        raise SettingsError(
            f"{host}:{port} cannot be listened on: {error.strerror}. Give another with --port."
        ) from None
    return found
