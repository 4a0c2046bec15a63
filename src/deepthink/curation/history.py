"""Who decided what, and when: one line for each action, beside the facelist, from which everything can be undone."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from deepthink.files import append_line

UNDO, REDO = "undo ", "redo "
State = tuple[int, str, str]  # status, name, date in use


@dataclass(frozen=True)
class Action:
    """One decision: which rows, and what they were and are."""

    number: int
    verb: str
    who: str
    when: str
    before: dict[int, State]  # by row number
    after: dict[int, State]
    lane: str = ""  # where on the review page it was taken
    said: dict[str, Any] = field(default_factory=dict)  # what it remembers beside the rows: curation/notes.py

    @property
    def takes_back(self) -> int | None:
        """The number of the action that this one undoes or does again."""
        return int(self.verb.split()[1]) if self.verb.startswith((UNDO, REDO)) else None


def history_path(facelist: Path) -> Path:
    """Return where a facelist's history lies."""
    return facelist.with_suffix(".history.jsonl")


class History:
    """A facelist's actions, oldest first; only what others have added since is read again.

    Parameters
    ----------
    facelist : Path

    Examples
    --------
    >>> import tempfile
    >>> book = History(Path(tempfile.mkdtemp()) / "facelist.csv")
    >>> book.add(Action(book.next_number(), "accept", "ann", "2026-03-02T08:00:00", {}, {}))
    >>> [(action.number, action.who) for action in book.actions()]
    [(1, 'ann')]
    """

    def __init__(self, facelist: Path) -> None:
        self.path = history_path(facelist)
        self._read: tuple[int, int] = (0, 0)  # inode, and bytes up to the end of the last whole line
        self._actions: list[Action] = []
        self._one = threading.Lock()  # two who read on at once would each add what is new

    def actions(self) -> list[Action]:
        """Return every action so far; a line torn by a kill, or damaged, is passed over."""
        with self._one:
            stat = self.path.stat() if self.path.exists() else None
            if stat is None or self._read[0] != stat.st_ino or stat.st_size < self._read[1]:
                self._read, self._actions = (stat.st_ino if stat else 0, 0), []
            if stat and stat.st_size > self._read[1]:
                self._read_on()
            return list(self._actions)

    def _read_on(self) -> None:
        inode, at = self._read
        with self.path.open("rb") as file:
            file.seek(at)
            text = file.read()
        whole = text.rfind(b"\n") + 1  # what follows it is torn, or being written
        self._actions += _parsed(text[:whole])
        self._read = inode, at + whole

    def next_number(self) -> int:
        """Return the number of the next action."""
        return max((action.number for action in self.actions()), default=0) + 1

    def add(self, action: Action) -> None:
        """Write an action; it is on the disk when this returns."""
        append_line(self.path, json.dumps(asdict(action), ensure_ascii=False))


def _parsed(lines: bytes) -> Iterable[Action]:
    for line in lines.decode("utf-8", errors="replace").split("\n"):
        try:
            yield _action(json.loads(line))
        except (AttributeError, KeyError, TypeError, ValueError, IndexError):
            continue


def _action(content: Mapping[str, Any]) -> Action:
    states = {
        side: {int(number): (int(state[0]), str(state[1]), str(state[2])) for number, state in content[side].items()}
        for side in ("before", "after")
    }
    who, lane = str(content["who"]), str(content.get("lane", ""))
    said = dict(content.get("said", {}))
    action = Action(
        int(content["number"]), str(content["verb"]), who, str(content["when"]), **states, lane=lane, said=said
    )
    _ = action.takes_back, datetime.fromisoformat(action.when)  # what takes back nothing, or was never, is damaged
    return action


def undone(actions: Iterable[Action]) -> set[int]:
    """Return the numbers of the actions that have been taken back and not been done again."""
    found: set[int] = set()
    for action in actions:
        if action.verb.startswith(UNDO):
            found.add(action.takes_back or 0)
        elif action.verb.startswith(REDO):
            found.discard(action.takes_back or 0)
    return found


def in_force(actions: Iterable[Action]) -> list[Action]:
    """Return the actions that hold, oldest first."""
    everything = list(actions)
    gone = undone(everything)
    return [action for action in everything if action.takes_back is None and action.number not in gone]
