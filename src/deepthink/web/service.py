"""Serves the review page until it is told to end, and studies faces meanwhile."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from deepthink.errors import DeepthinkError
from deepthink.flow.desk import Desk
from deepthink.flow.wiring import Site
from deepthink.web.app import make_app
from deepthink.web.pictures import BOUND, FOLDER, Faces
from deepthink.web.serving import Address, Service, guard_of
from deepthink.web.status_parts import Status
from deepthink.web.users import FILE, Users

LOG = logging.getLogger(__name__)
AGAIN = 5.0  # seconds after which the facelist is looked at again for what a sweep has added


class Review(Service):
    """The review page of a site, with its status page, as a service.

    Parameters
    ----------
    site : Site
    address : Address
    bound : int
        Bytes of faces that are kept on disk.
    flags : sequence of str
        Settings for this service alone.

    Raises
    ------
    SettingsError
        Others could reach it, and nobody has a login; or the address cannot be had.
    """

    def __init__(
        self,
        site: Site,
        address: Address = Address(),
        bound: int = BOUND,
        flags: Sequence[str] = (),
    ) -> None:
        guard = guard_of(site.settings.root, address.host)
        folder = site.settings.path(site.settings.montages) / FOLDER
        faces = Faces(folder, lambda row: site.datasink.picture(row.frame), bound)
        self.desk, self.status = Desk(site), Status(site.settings, flags, faces=faces)
        app = make_app(self.desk, guard, faces, address.encrypted, self.status)
        super().__init__(app, address, self.status.close)
        self._ending = threading.Event()
        self._student = threading.Thread(target=self._study, name="study", daemon=True)

    def serve(self) -> None:
        """Serve until told to end."""
        self._student.start()
        super().serve()

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
        super().close()
        if self._student.is_alive():
            self._student.join(timeout=30)


def users_of(site: Site) -> Users:
    """Return who may log in at a site."""
    return Users(site.settings.root / FILE)
