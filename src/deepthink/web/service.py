"""Serves the review page until it is told to end, and studies faces meanwhile."""

from __future__ import annotations

import logging
import socket
import threading
from pathlib import Path

import uvicorn

from deepthink.errors import DeepthinkError, SettingsError
from deepthink.flow.desk import Desk
from deepthink.flow.wiring import Site
from deepthink.web.app import make_app
from deepthink.web.guard import Guard, is_loopback
from deepthink.web.pictures import BOUND, Faces
from deepthink.web.users import FILE, Users

LOG = logging.getLogger(__name__)
FOLDER = ".faces"  # of the faces that were cut out, in the folder of montages
AGAIN = 5.0  # seconds after which the facelist is looked at again for what a sweep has added


class Review:
    """The review page of a site, as a service.

    Parameters
    ----------
    site : Site
    host : str
        The address to listen on.
    port : int
        0 takes any that is free.
    certificate, key : Path, optional
        Of TLS.
    bound : int
        Bytes of faces that are kept on disk.

    Raises
    ------
    SettingsError
        Others could reach it, and nobody has a login; or the address cannot be had.
    """

    def __init__(
        self,
        site: Site,
        host: str = "127.0.0.1",
        port: int = 8010,
        certificate: Path | None = None,
        key: Path | None = None,
        bound: int = BOUND,
    ) -> None:
        users = users_of(site)
        if not is_loopback(host) and not users:
            raise SettingsError(
                f"Others could reach {host}, and nobody has a login yet. Add one first: "
                "deepthink serve review --add-user NAME --role administer"
            )
        self.desk = Desk(site)
        faces = Faces(
            site.settings.path(site.settings.montages) / FOLDER, lambda row: site.datasink.picture(row.frame), bound
        )
        app = make_app(self.desk, Guard(users, is_loopback(host)), faces, certificate is not None)
        config = uvicorn.Config(
            app, host=host, port=port, log_level="warning", proxy_headers=False, server_header=False,
            ssl_certfile=certificate, ssl_keyfile=key, timeout_graceful_shutdown=3,
        )  # fmt: skip
        self._socket = _listening(host, port)
        self._server = uvicorn.Server(config)
        self._ending, self._idle = threading.Event(), threading.Event()
        self._idle.set()
        self._student = threading.Thread(target=self._study, name="study", daemon=True)
        shown = f"[{host}]" if ":" in host else host
        self.address = f"http{'s' * (certificate is not None)}://{shown}:{self._socket.getsockname()[1]}"

    def serve(self) -> None:
        """Serve until told to end."""
        self._student.start()
        self._idle.clear()
        try:
            self._server.run([self._socket])
        finally:
            self._idle.set()

    def _study(self) -> None:
        """Compare faces as they come; what goes wrong is told and tried again when there is something new."""
        while not self._ending.is_set():
            self.desk.stir.clear()
            try:
                self.desk.study(self._ending.is_set)
            except (DeepthinkError, OSError) as error:
                LOG.warning("Faces are not compared: %s", error)
            while not self._ending.is_set() and not self.desk.stir.wait(AGAIN):
                self.desk.refresh()

    def close(self) -> None:
        """End what is going on."""
        self._ending.set()
        self.desk.stir.set()
        self._server.should_exit = True
        self._idle.wait(timeout=30)
        if self._student.is_alive():
            self._student.join(timeout=30)
        self._socket.close()


def users_of(site: Site) -> Users:
    """Return who may log in at a site."""
    return Users(site.settings.root / FILE)


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
