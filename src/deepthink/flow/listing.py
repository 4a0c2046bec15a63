"""Lists what an import has brought, in one step: rows first, then one action of the history that decides them."""

from __future__ import annotations

from deepthink.curation import review
from deepthink.curation.facelist import Facelist, Listed, Row, Status, editing
from deepthink.curation.hashes import HashBook
from deepthink.curation.provenance import Imported, Imports
from deepthink.curation.sweep import picture_hash
from deepthink.flow.wiring import Site
from deepthink.records import UNKNOWN

VERB = "import"
Face = tuple[str, str]  # where and when it was seen, as the file has it


def list_imported(site: Site, imports: Imports) -> int | None:
    """List the faces that wait, and decide those that are not to be candidates; done twice it changes nothing.

    Returns
    -------
    int or None
        The action's number in the history; None when there was nothing to decide.
    """
    faces = {_listed(face): face for face in imports.waiting()}
    if not faces:
        return None
    _append(site, faces)
    numbers: dict[int, Imported] = {}

    def wanted(facelist: Facelist) -> list[int]:
        for number, one in zip(facelist, facelist.listed(), strict=True):
            if one.face in faces and faces[one.face].becomes != "candidate":
                numbers[number] = faces[one.face]
        return list(numbers)

    action = review.apply(site.facelist, VERB, wanted, lambda number, row: _decided(row, numbers[number]))
    imports.settle()
    return action.number if action.after else None


def _listed(face: Imported) -> Face:
    return Listed.of(face.frame, face.box).face


def _append(site: Site, faces: dict[Face, Imported]) -> None:
    with editing(site.facelist, site.datasink.problems) as facelist:
        book = HashBook(site.facelist, facelist, lambda row: picture_hash(site.datasink, row))
        there = {one.face for one in facelist.listed()}
        for place, face in faces.items():
            if place not in there:
                facelist.append(face.row)
                book.add(face.hashed, -1)
        book.save()


def _decided(row: Row, face: Imported) -> Row:
    """Return what a row becomes, unless somebody has decided it meanwhile."""
    if row.status != Status.CANDIDATE:
        return row
    if face.becomes == "stranger":
        return row.changed(status=Status.REVOKED, name=UNKNOWN)
    return row.changed(status=Status.SELECTED)
