"""Immich: its named people, and where in which photographs it has found each.

It tells which of several faces in a photograph is meant; the face itself is found again. Photographs are asked for as
the previews that it makes, which are large enough, and JPEG or WebP whatever the camera took.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from deepthink.curation.sources.asking import Server, part
from deepthink.curation.sources.base import Corners, Offer, bounded, entry, number, words
from deepthink.errors import BadInputError

PAGE = 500


class Immich:
    """The people of an Immich, as the owner of a key sees them.

    Parameters
    ----------
    server : Server
    """

    kind, lasting = "immich", True

    def __init__(self, server: Server) -> None:
        self.server, self.origin = server, server.address

    def pictures(self) -> Iterator[Offer]:
        """Yield the photographs of everybody who has a name there; the many who have none are not asked for."""
        for person in map(entry, bounded(self._people(), self.origin)):
            ident, name = words(person.get("id")), words(person.get("name"))
            if ident and name:
                yield from self._of(ident, name)

    def _of(self, person: str, name: str) -> Iterator[Offer]:
        for asset in map(entry, bounded(self._assets(person), f"{self.origin} ({name})")):
            ident = words(asset.get("id"))
            if ident and asset.get("type", "IMAGE") == "IMAGE":
                yield Offer(
                    f"{ident}/{person}", partial(self._preview, ident), name, confirmed=True,
                    taken=words(asset.get("fileCreatedAt")), marked=partial(self._face, ident, person),
                )  # fmt: skip

    def _preview(self, asset: str) -> bytes:
        return self.server.fetch(f"/api/assets/{part(asset)}/thumbnail", {"size": "preview"})

    def _face(self, asset: str, person: str) -> Corners:
        """Return where in a photograph a person's face is."""
        faces = self.server.ask("/api/faces", {"id": asset})
        for face in faces if isinstance(faces, list) else []:
            if entry(entry(face).get("person")).get("id") == person:
                return _corners(face)
        raise BadInputError("no face is marked as this person's there")

    def _people(self) -> Iterator[object]:
        page, more = 1, True
        while more:
            answer = self.server.ask("/api/people", {"page": page, "size": PAGE, "withHidden": "true"})
            people = answer.get("people") if isinstance(answer, dict) else None
            if not isinstance(people, list):
                raise BadInputError(f"{self.origin}/api/people does not list people as Immich does.")
            yield from people
            more = bool(people) and isinstance(answer, dict) and answer.get("hasNextPage") is True
            page += 1

    def _assets(self, person: str) -> Iterator[object]:
        page: object = 1
        while page:
            body = {"personIds": [person], "type": "IMAGE", "page": page, "size": PAGE}
            answer = self.server.ask("/api/search/metadata", body=body)
            assets = answer.get("assets") if isinstance(answer, dict) else None
            items = assets.get("items") if isinstance(assets, dict) else None
            if not isinstance(assets, dict) or not isinstance(items, list):
                raise BadInputError(f"{self.origin}/api/search/metadata does not list pictures as Immich does.")
            yield from items
            page = _next(page, assets.get("nextPage")) if items else None


def _next(page: object, told: object) -> int | None:
    """Return the number of the next page: Immich gives it as a text; one that goes back has no end."""
    following = number(told)
    return int(following) if following and isinstance(page, int) and following > page else None


def _corners(face: dict[str, Any]) -> Corners:
    """Return a face's box as parts of the picture's sides."""
    width, height = number(face.get("imageWidth")), number(face.get("imageHeight"))
    sides = [number(face.get(f"boundingBox{side}")) for side in ("X1", "Y1", "X2", "Y2")]
    if not width or not height or None in sides:
        raise BadInputError("its box cannot be read")
    x1, y1, x2, y2 = (float(side or 0) for side in sides)
    return x1 / width, y1 / height, x2 / width, y2 / height
