"""What a notebook is doing, told through a file: its kernel is another process."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from deepthink.records import Progress

ENDING = ".beat"
SECONDS = 0.5  # between two beats at least: telling must cost nothing


def beat_to(path: Path | None) -> Progress:
    """Return a progress that writes to a file what it is told; nothing is written without a file.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "beat"
    >>> beat_to(file)(3, 42, "fitting candidates")
    >>> read_beat(file)
    (3, 42, 'fitting candidates')
    """
    last = -SECONDS

    def tell(done: int, total: int, what: str) -> None:
        nonlocal last
        if path is None or (time.monotonic() - last < SECONDS and done < total):
            return
        last = time.monotonic()
        beside = path.with_name(f".{path.name}.part")
        beside.write_text(json.dumps([done, total, str(what), os.getpid()]), encoding="utf-8")
        beside.replace(path)  # the reader sees one beat or the next; lost with the machine, as it may be

    return tell


def read_beat(path: Path) -> tuple[int, int, str] | None:
    """Return the last beat; None when there was none."""
    try:
        done, total, what, *_ = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return int(done), int(total), str(what)


@dataclass(frozen=True)
class Beat:
    """The last sign of life of a notebook that runs, or that was killed."""

    name: str  # of the notebook, facemodel_gamma4
    done: int
    total: int
    what: str
    pid: int  # of its kernel
    seconds: float  # since it was given, or since a cell was finished after it


def beats(folder: Path) -> list[Beat]:
    """Return what the notebooks in a folder have told last; one that ended leaves nothing."""
    found = []
    for path in sorted(folder.glob(f".*{ENDING}")):
        try:
            seconds = time.time() - path.stat().st_mtime
            done, total, what, pid = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # it has just ended
        found.append(Beat(path.name[1 : -len(ENDING)], done, total, what, pid, seconds))
    return found
