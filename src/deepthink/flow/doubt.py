"""Which rows of the facelist a person should look at again, from the embeddings of a version."""

from __future__ import annotations

from dataclasses import dataclass

from deepthink.curation.facelist import Facelist
from deepthink.curation.suggest import Suggestion, gain, suggest
from deepthink.embedding import facedata
from deepthink.flow.version_files import version_files
from deepthink.flow.wiring import Site


@dataclass(frozen=True)
class Doubts:
    """What to look at again."""

    faces: int  # looked at
    suggestions: tuple[tuple[Suggestion, tuple[int, ...]], ...]  # each with its rows of the facelist
    errors_with: int  # undoubted faces nearer to another person, with the doubted ones in the gallery
    errors_without: int


def doubt_site(site: Site, version: str) -> Doubts:
    """Look for labels that are probably wrong among a version's embeddings.

    Raises
    ------
    BadInputError
        The version has no embeddings yet.
    """
    data = facedata.read(version_files(site, version).facedata)
    rows = Facelist(site.facelist, site.datasink.problems).rows
    number = {
        facedata.face_key(row.name, row.frame, row.box, site.datasink.name): at
        for at, row in rows.items()
        if row.enrolled
    }
    found = suggest(data)
    with_them, without = gain(data, found)
    numbered = tuple((one, tuple(sorted(number[key] for key in one.faces if key in number))) for one in found)
    return Doubts(len(data.keys), tuple(pair for pair in numbered if pair[1]), with_them, without)
