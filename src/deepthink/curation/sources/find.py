"""Which system a folder or an address is of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from deepthink.curation.sources.base import Source
from deepthink.curation.sources.double_take import DoubleTake
from deepthink.curation.sources.frigate import Frigate
from deepthink.curation.sources.people import PeopleFolder
from deepthink.errors import BadInputError

FOLDERS: dict[str, Callable[[Path], Source]] = {"double-take": DoubleTake, "frigate": Frigate, "people": PeopleFolder}
_RECOGNISED = (DoubleTake, Frigate, PeopleFolder)  # the plainest last: it takes what the others do not know
KINDS = tuple(FOLDERS)


def find_source(where: str, kind: str | None = None) -> Source:
    """Return the source that a folder is.

    Parameters
    ----------
    where : str
    kind : str, optional
        What it is; else what it holds decides.

    Raises
    ------
    BadInputError
        There is no such folder or kind, or the folder holds nothing that is known.
    """
    if kind is not None and kind not in KINDS:
        raise BadInputError(f"There is no kind {kind[:40]!r}. Known: {', '.join(KINDS)}.")
    root = Path(where).expanduser().resolve()
    if not root.is_dir():
        raise BadInputError(f"{where} is not a folder.")
    if kind is not None:
        return FOLDERS[kind](root)
    for system in _RECOGNISED:
        if system.recognises(root):
            return system(root)
    raise BadInputError(f"{where} holds no folders of pictures. Expected: <person>/*.jpg, or say --kind.")
