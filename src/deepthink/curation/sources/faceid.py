"""FaceID: `persons/<person>/*.jpg` with names in `meta.json`, `unknowns/*.jpg`, and `ignored/*.jpg`: strangers.

Beside a face in `unknowns` and `ignored` lies a file of JSON that says when it was seen. Its embeddings are of another
network, and are not read. What it has put aside in `_trimmed` is nearly a copy of what it has kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from deepthink.curation.sources.base import Offer, entry, number, words
from deepthink.curation.sources.places import below, folders, pictures, read_file, reader
from deepthink.errors import BadInputError

PERSONS, UNKNOWNS, IGNORED = "persons", "unknowns", "ignored"


class FaceID:
    """The faces of a FaceID.

    Parameters
    ----------
    root : Path
        Its data folder, or the one around it.
    """

    kind, lasting = "faceid", False

    def __init__(self, root: Path) -> None:
        self.root, self.origin = _data(root) or root, str(root)

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """Whether a folder is laid out so: people, and what is unknown or ignored, beside each other."""
        data = _data(root)
        return data is not None and any(below(data, one) for one in (UNKNOWNS, IGNORED))

    def pictures(self) -> Iterator[Offer]:
        """Yield what people have confirmed, what is unknown, and what is ignored."""
        persons = below(self.root, PERSONS)
        for folder in folders(persons) if persons else []:
            name = words(_told(folder / "meta.json").get("name")) or words(folder.name)
            for path in pictures(folder):
                yield Offer(self._ident(path), reader(path), name, confirmed=True, taken=_when(path.stem, 1000))
        yield from self._nameless(UNKNOWNS, ignored=False)
        yield from self._nameless(IGNORED, ignored=True)

    def _nameless(self, where: str, ignored: bool) -> Iterator[Offer]:
        place = below(self.root, where)
        for path in pictures(place) if place else []:
            seen = number(_told(path.with_suffix(".json")).get("ts"))
            yield Offer(self._ident(path), reader(path), ignored=ignored, taken=_when(str(seen or ""), 1))

    def _ident(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def _data(root: Path) -> Path | None:
    """Return the folder that holds `persons`: the one that is named, or `data` in it."""
    return next((place for place in (root, root / "data") if below(place, PERSONS)), None)


def _told(path: Path) -> dict[str, Any]:
    """Return what a file of JSON says; nothing when it cannot be read."""
    try:
        return entry(json.loads(read_file(path)))
    except (BadInputError, ValueError, RecursionError):
        return {}


def _when(text: str, parts: int) -> str:
    """Return a time that begins a text, in parts of a second since 1970; nothing when it is none."""
    seconds = number(text.split("_")[0])
    try:
        return datetime.fromtimestamp(seconds / parts).isoformat(timespec="seconds") if seconds else ""
    except (ValueError, OverflowError, OSError):
        return ""
