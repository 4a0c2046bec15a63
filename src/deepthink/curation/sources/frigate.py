"""Frigate: `clips/faces/<name>/*.webp`, and what it has seen but nobody has confirmed, in `clips/faces/train`.

The names of the files in `train` say what Frigate thought: the event's time and suffix, when, who, and how sure it was
(1700000000.123456-abc123-1700000003.5-Ann-0.93.webp). Names of people there have `_` where they had `-`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from deepthink.curation.sources.base import Offer, number, words
from deepthink.curation.sources.places import below, folders, pictures, reader

TRAIN, UNKNOWN = "train", "unknown"
_ATTEMPT = re.compile(r"\d+(?:\.\d+)?-[0-9a-zA-Z]+-(?P<when>\d{1,12}(?:\.\d+)?)-(?P<name>.+)-(?P<score>\d(?:\.\d+)?)")
_SAVED = re.compile(r".*[_-](?P<when>\d{9,11}(?:\.\d+)?)")


class Frigate:
    """The faces of a Frigate.

    Parameters
    ----------
    root : Path
        Frigate's media folder, its `clips`, or `clips/faces` itself.
    """

    kind, lasting = "frigate", False

    def __init__(self, root: Path) -> None:
        self.root, self.origin = _faces(root) or root, str(root)

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """Whether a folder is laid out so: a `train` of pictures beside the people, or only WebP files."""
        faces = _faces(root)
        if faces is None:
            return False
        train = below(faces, TRAIN)
        if train and not folders(train):
            return True
        found = [path for folder in folders(faces) for path in pictures(folder)]
        return bool(found) and all(path.suffix == ".webp" for path in found)

    def pictures(self) -> Iterator[Offer]:
        """Yield what people have confirmed, then what waits in `train`."""
        own = [folder for folder in folders(self.root) if folder.name != TRAIN]
        names = {folder.name.replace("-", "_"): folder.name for folder in own}
        for folder in own:
            for path in pictures(folder):
                saved = _SAVED.fullmatch(path.stem)
                when = _time(saved["when"]) if saved else ""
                yield Offer(self._ident(path), reader(path), words(folder.name), confirmed=True, taken=when)
        train = below(self.root, TRAIN)
        for path in pictures(train) if train else []:
            yield self._attempt(path, names)

    def _attempt(self, path: Path, names: dict[str, str]) -> Offer:
        """Return a face that Frigate has seen; whom it took it for is a proposal."""
        told = _ATTEMPT.fullmatch(path.stem)
        if told is None:
            return Offer(self._ident(path), reader(path))
        name = "" if told["name"] == UNKNOWN else words(names.get(told["name"], told["name"]))
        return Offer(self._ident(path), reader(path), name, score=number(told["score"]), taken=_time(told["when"]))

    def _ident(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def _faces(root: Path) -> Path | None:
    """Return the folder of faces, wherever in Frigate's folders one has begun."""
    found = below(root, "clips/faces") or below(root, "faces")
    return found or (root if folders(root) else None)


def _time(seconds: str) -> str:
    try:
        return datetime.fromtimestamp(float(seconds)).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return ""
