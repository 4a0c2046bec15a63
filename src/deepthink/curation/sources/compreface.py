"""CompreFace: the subjects of one of its recognition services, and the example pictures of each."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from deepthink.curation.sources.asking import Server, part
from deepthink.curation.sources.base import Offer, bounded, entry, words
from deepthink.errors import BadInputError

FACES, PAGE = "/api/v1/recognition/faces", 500


class CompreFace:
    """The examples that are saved in a CompreFace.

    Parameters
    ----------
    server : Server
        With the key of a recognition service.
    """

    kind, lasting = "compreface", True

    def __init__(self, server: Server) -> None:
        self.server, self.origin = server, server.address

    def pictures(self) -> Iterator[Offer]:
        """Yield all examples; somebody has saved each under a subject's name."""
        seen: set[str] = set()
        for face in map(entry, bounded(self._faces(), self.origin)):
            ident = words(face.get("image_id"))
            if ident and ident not in seen:
                seen.add(ident)
                yield Offer(ident, partial(self._picture, ident), words(face.get("subject")), confirmed=True)

    def _faces(self) -> Iterator[object]:
        """Yield what all pages list; an empty one is the last, whatever the server says of their number."""
        page, pages = 0, 1
        while page < pages:
            answer = self.server.ask(FACES, {"page": page, "size": PAGE})
            faces = answer.get("faces") if isinstance(answer, dict) else None
            if not isinstance(faces, list):
                raise BadInputError(f"{self.origin}{FACES} does not list faces as CompreFace does.")
            yield from faces
            told = answer.get("total_pages") if isinstance(answer, dict) else None
            page, pages = page + 1, told if isinstance(told, int) and faces else 0

    def _picture(self, ident: str) -> bytes:
        content = self.server.fetch(f"{FACES}/{part(ident)}/img")
        if not content:
            raise BadInputError("it is not there any more")
        return content
