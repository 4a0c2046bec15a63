"""Which system a folder or an address is of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from deepthink.curation.sources.asking import KEY, Server
from deepthink.curation.sources.base import Source
from deepthink.curation.sources.compreface import CompreFace
from deepthink.curation.sources.double_take import DoubleTake
from deepthink.curation.sources.faceid import FaceID
from deepthink.curation.sources.frigate import Frigate
from deepthink.curation.sources.immich import Immich
from deepthink.curation.sources.people import PeopleFolder
from deepthink.errors import BadInputError, StepError

FOLDERS: dict[str, Callable[[Path], Source]] = {
    "double-take": DoubleTake, "faceid": FaceID, "frigate": Frigate, "people": PeopleFolder,
}  # fmt: skip
SERVERS: dict[str, Callable[[Server], Source]] = {"compreface": CompreFace, "immich": Immich}
_RECOGNISED = (DoubleTake, FaceID, Frigate, PeopleFolder)  # the plainest last: it takes what the others do not know
KINDS = (*FOLDERS, *SERVERS)


def find_source(where: str, kind: str | None = None, key: str = "") -> Source:
    """Return the source that a folder or an address is.

    Parameters
    ----------
    where : str
    kind : str, optional
        What it is; else what the folder holds, or the server answers, decides.
    key : str
        What a server is asked with.

    Raises
    ------
    BadInputError
        There is no such folder or kind, or it holds nothing that is known.
    """
    if kind is not None and kind not in KINDS:
        raise BadInputError(f"There is no kind {kind[:40]!r}. Known: {', '.join(KINDS)}.")
    if where.startswith(("http://", "https://")):
        return _server(where, kind, key)
    if kind in SERVERS:
        raise BadInputError(f"{where} is not the address of a server. Expected: http://nas:2283")
    return _folder(where, kind)


def _folder(where: str, kind: str | None) -> Source:
    root = Path(where).expanduser().resolve()
    if not root.is_dir():
        raise BadInputError(f"{where} is not a folder.")
    if kind is not None:
        return FOLDERS[kind](root)
    for system in _RECOGNISED:
        if system.recognises(root):
            return system(root)
    raise BadInputError(f"{where} holds no folders of pictures. Expected: <person>/*.jpg, or say --kind.")


def _server(address: str, kind: str | None, key: str) -> Source:
    if kind in FOLDERS:
        raise BadInputError(f"{kind} is a folder, not a server. Known: {', '.join(SERVERS)}.")
    if not key:
        raise BadInputError(f"A server wants a key: --key-file FILE, or {KEY} in the environment.")
    found = kind or ("immich" if _is_immich(address) else "compreface")
    return SERVERS[found](Server(address, key))


def _is_immich(address: str) -> bool:
    """Whether a server says that it is an Immich; it is asked without the key."""
    try:
        return Server(address, "", pause=lambda seconds: None).ask("/api/server/ping") == {"res": "pong"}
    except (BadInputError, StepError):
        return False
