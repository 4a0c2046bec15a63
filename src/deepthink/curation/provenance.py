"""Where imported faces come from: one line each beside the facelist, which gets no column of ours.

A line is written when a picture lies in the datasink, before its row is listed: an import that is killed goes on from
there. A picture that has a line is not imported again, whatever has become of its row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from deepthink.curation.facelist import Eyes, Row, Status
from deepthink.files import append_line
from deepthink.records import Box, FrameKey


@dataclass(frozen=True)
class Imported:
    """One imported face: what was said of it there, and where it is here."""

    kind: str
    origin: str
    ident: str
    sha256: str  # of the file as it was there
    called: str  # whom it shows, in the other system's words
    name: str  # the same, as it can be carried here
    confirmed: bool
    ignored: bool
    score: float | None
    taken: str
    when: str  # it was imported
    becomes: str  # selected, candidate or stranger
    frame: FrameKey
    box: Box
    eyes: Eyes
    focus: float
    hashed: int  # perceptual hash of the face
    whole: int  # and of the picture as it came

    @property
    def row(self) -> Row:
        """The row as it is first listed: nobody here has said yet how probable the name is, or how near."""
        return Row(self.frame, 0, Status.CANDIDATE, self.name, 0.0, 0.0, 0.0, self.box, self.eyes, self.focus)

    @property
    def at(self) -> tuple[str, str, str]:
        """Where it was in the other system."""
        return self.kind, self.origin, self.ident


class Imports:
    """All that was ever imported into a site.

    Parameters
    ----------
    facelist : Path

    Examples
    --------
    >>> import tempfile
    >>> Imports(Path(tempfile.mkdtemp()) / "facelist.csv").faces
    []
    """

    def __init__(self, facelist: Path) -> None:
        self.path = Path(facelist).with_suffix(".imports.jsonl")
        self.faces: list[Imported] = []
        self.begun: FrameKey | None = None  # what a killed import was adding to the datasink
        self._settled = 0
        for content in _lines(self.path):
            self._take(content)

    def _take(self, content: dict[str, Any]) -> None:
        if "settled" in content:
            self._settled = max(self._settled, int(content["settled"]))
        elif "begun" in content:
            self.begun = _frame(content["begun"])
        else:
            self.faces.append(_imported(content))
            self.begun = None

    def waiting(self) -> list[Imported]:
        """Return the faces that are not known to have been listed: of this run, or of one that was killed."""
        return self.faces[self._settled :]

    def begin(self, frame: FrameKey) -> None:
        """Write down what is about to be added to the datasink, so that half of it is found after a kill."""
        append_line(self.path, json.dumps({"begun": asdict(frame)}, default=_plain))

    def add(self, face: Imported) -> None:
        """Write a face down; it is on the disk when this returns."""
        append_line(self.path, json.dumps(asdict(face), default=_plain))
        self.faces.append(face)

    def settle(self) -> None:
        """Note that all faces so far are listed."""
        append_line(self.path, json.dumps({"settled": len(self.faces)}))
        self._settled = len(self.faces)


def _plain(value: object) -> str:
    return value.isoformat(timespec="microseconds") if isinstance(value, datetime) else str(value)


def _lines(path: Path) -> Iterable[dict[str, Any]]:
    """Yield the lines that can be read: one torn by a kill is passed over."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            content = json.loads(line)
            if "settled" in content:
                int(content["settled"])
            elif "begun" in content:
                _frame(content["begun"])
            else:
                _imported(content)
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
        yield content


def _imported(content: dict[str, Any]) -> Imported:
    made = {
        "frame": _frame(content["frame"]),
        "box": Box(**content["box"]),
        "eyes": Eyes(**content["eyes"]),
    }
    return Imported(**{**content, **made})


def _frame(content: dict[str, str]) -> FrameKey:
    return FrameKey(content["date"], content["event"], datetime.fromisoformat(content["time"]))
