"""What stands behind the status page: the board, the looks at the site, the parts rendered of them, and the faces."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from deepthink.errors import BadInputError
from deepthink.flow.status_board import Board
from deepthink.flow.status_gather import Gathering, stamps
from deepthink.flow.status_look import Look
from deepthink.settings import Settings
from deepthink.web import status_views
from deepthink.web.live import Live
from deepthink.web.sessions import ENDED, SECRET
from deepthink.web.shell import make_templates
from deepthink.web.users import FILE

if TYPE_CHECKING:
    from deepthink.web.pictures import Faces

PARTS = ("glance", "waits", "run", "places", "runs", "recognition", "accuracy", "drift", "machine", "doctor")


class Status:
    """The status of a site, as pages show it.

    Parameters
    ----------
    settings : Settings
    flags : sequence of str
        Settings for this service alone, which the doctor is to know too.
    review : str, optional
        Where the review page is; None where nobody has said.
    faces : Faces, optional
        The site's faces, cut out; made when one is asked for where they are not given.
    """

    def __init__(
        self, settings: Settings, flags: Sequence[str] = (), review: str | None = "/", faces: Faces | None = None
    ) -> None:
        self.settings, self.review = settings, review
        self.gathering, self.look = Gathering(settings), Look(settings.root, flags)
        self.live = Live(self._stamp, self._render, self.look.perhaps)
        templates = make_templates(self.gathering.facelist, "status")
        self._templates = {id: templates.get_template(f"part_{id}.html") for id in PARTS}
        self._shown = templates.env.filters["shown"]
        users = settings.root / FILE
        self._doors = [users, users.with_name(SECRET), users.with_name(ENDED)]  # a session that has ended ends streams
        self._keys: dict[str, str] = {}  # of faces that may be asked for, by what stands for them
        self._faces = faces
        self._one = threading.Lock()

    def _stamp(self) -> object:
        return self.gathering.stamp(), self.look.found, stamps(self._doors)

    def board(self) -> Board:
        """Return the board as it is now."""
        return self.gathering.board(self.look.found)

    def _render(self) -> dict[str, str]:
        board = self.board()
        alarms = board.trends.alarms if board.trends else ()
        self._keys = {status_views.digest(face): face for alarm in alarms for face in alarm.faces}
        content = {**status_views.words(board, self._shown), "review": self.review}
        return {id: template.render(content) for id, template in self._templates.items()}

    def face(self, digest: str) -> bytes:
        """Return a face of an alarm as JPEG.

        Raises
        ------
        BadInputError
            No alarm that stands shows such a face, or its picture is gone.
        """
        self.live.parts()  # so that they are known after a restart too
        key = self._keys.get(digest)
        if key is None:
            raise BadInputError("No alarm that stands shows this face.")
        from deepthink.web.alarm_faces import cut_out, faces_of  # OpenCV, for those alone who look at faces

        with self._one:
            self._faces = self._faces or faces_of(self.settings)
        return cut_out(self._faces, key)

    def close(self) -> None:
        """End what is going on."""
        self.live.close()
        self.look.close()
