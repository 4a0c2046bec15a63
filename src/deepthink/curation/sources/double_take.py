"""double-take: `train/<name>/*`, which somebody has confirmed, and `matches/*` with what its detectors said of them.

What they said is in its SQLite database, in the table `match`: a file's name, and JSON lists of results by detector,
each with a name, a confidence in percent, whether it counts as a match, and a box in pixels. The database is opened for
reading alone, and only if `match` is a table of it: a view could compute for ever.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deepthink.curation.sources.base import Offer, bounded, number, words
from deepthink.curation.sources.places import below, folders, pictures, reader

TRAIN, MATCHES, DATABASE = "train", "matches", "database.db"
_LONGEST = 1_000_000  # characters of one match
Said = tuple[str, float | None, str]  # whom a detector took it for, how sure it was, and when


class DoubleTake:
    """The pictures of a double-take.

    Parameters
    ----------
    root : Path
        Its media or storage folder, or the one around both.
    """

    kind, lasting = "double-take", False

    def __init__(self, root: Path) -> None:
        self.root, self.origin = root, str(root)

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """Whether a folder is laid out so: people in `train`, and matches or a database beside it."""
        media = _media(root)
        if media is None or not folders(media / TRAIN):
            return False
        return below(media, MATCHES) is not None or _database(root, media) is not None

    def pictures(self) -> Iterator[Offer]:
        """Yield what people have confirmed, then what was matched."""
        media = _media(self.root) or self.root
        train, matches = below(media, TRAIN), below(media, MATCHES)
        for folder in folders(train) if train else []:
            for path in pictures(folder):
                yield Offer(path.relative_to(media).as_posix(), reader(path), words(folder.name), confirmed=True)
        database = _database(self.root, media)
        said = _said(database) if database and matches else {}
        for path in pictures(matches) if matches else []:
            name, score, when = said.get(path.name, ("", None, ""))
            yield Offer(path.relative_to(media).as_posix(), reader(path), name, score=score, taken=when)


def _media(root: Path) -> Path | None:
    """Return the folder that holds `train`, in the places where double-take has kept it."""
    places = (root, root / "media", root / ".storage")
    return next((place for place in places if below(place, TRAIN)), None)


def _database(root: Path, media: Path) -> Path | None:
    places = (root, media, root / ".storage", root / "db")
    found = (place / DATABASE for place in places)
    return next((path for path in found if path.is_file() and not path.is_symlink()), None)


def _said(path: Path) -> dict[str, Said]:
    """Return what is said of each matched file; a database that cannot be read says nothing."""
    found: dict[str, Said] = {}
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_opened(path)) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE type='table' AND name='match'").fetchone():
            return {}
        rows = database.execute(
            "SELECT filename, substr(response, 1, ?), createdAt FROM match ORDER BY rowid", [_LONGEST]
        )
        for filename, response, when in bounded(rows, str(path)):
            if said := _best(response):
                found[words(filename)] = (*said, words(when))
    return found


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    database.execute("PRAGMA trusted_schema=OFF")
    database.execute("PRAGMA query_only=ON")
    return database


def _best(response: object) -> tuple[str, float | None] | None:
    """Return the surest match of all detectors, if any counts as one."""
    try:
        content = json.loads(response) if isinstance(response, str) else None
    except (ValueError, RecursionError):
        return None
    matches = [one for one in _results(content) if one.get("match") is True and words(one.get("name"))]
    best = max(matches, key=lambda one: number(one.get("confidence")) or 0.0, default=None)
    return None if best is None else (words(best.get("name")), number(best.get("confidence")))


def _results(content: object) -> Iterator[dict[str, Any]]:
    for detector in content if isinstance(content, list) else []:
        results = detector.get("results") if isinstance(detector, dict) else None
        yield from (one for one in (results if isinstance(results, list) else []) if isinstance(one, dict))
