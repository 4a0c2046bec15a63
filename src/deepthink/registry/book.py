"""versions.yaml and the journal beside it: read, changed, compared, and mended after a kill.

A change is a line of the journal first, which holds the ledger as it is after it, and then the file. What people change
in the file by hand counts for nothing until it is accepted, except comments and notes, which are theirs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deepthink.errors import BadInputError, HandEditError
from deepthink.files import locked, write_text
from deepthink.registry import lanes
from deepthink.registry.edits import differences
from deepthink.registry.history import History, digest
from deepthink.registry.lanes import PRODUCTION

TRANSITIONS = "transitions.jsonl"
BY_HAND, UNDONE = "edited by hand", "hand edit undone"


class Book:
    """A ledger and its journal.

    Parameters
    ----------
    path : Path
        versions.yaml; the journal of its transitions lies beside it.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.history = History(self.path.with_name(TRANSITIONS))

    def read(self) -> dict[str, Any]:
        """Return what the ledger holds, hand edits that nobody has accepted left out; empty when there is none yet."""
        last, text = self.history.last(), self._text()
        if last and text != last["ledger"] and (self._cut_short(last, text) or self.edits()):
            text = last["ledger"]
        return lanes.parse(text, self.path)

    def edits(self) -> list[str]:
        """Return what was changed by hand since the last transition, a sentence each; comments and notes may be."""
        last, text = self.history.last(), self._text()
        if last is None or text == last["ledger"] or self._cut_short(last, text):
            return []
        try:
            return differences(lanes.parse(last["ledger"], self.path), lanes.parse(text, self.path))
        except BadInputError as error:
            return [str(error)]

    def accept(self, why: str, known: list[str]) -> list[str]:
        """Let hand edits count, and return what they were.

        Parameters
        ----------
        why : str
            For those who read the journal later.
        known : list of str
            The versions that the registry has.

        Raises
        ------
        BadInputError
            The file cannot be read, names a version twice or one that is not in the registry, or moves production.
        """
        reason(why)
        with locked(self.path):
            edits, text, last = self.edits(), self._text(), self.history.last()
            if edits and last:
                self._check(lanes.parse(text, self.path), lanes.parse(last["ledger"], self.path), known)
                self.history.add(BY_HAND, last["ledger"], text, why=reason(why), changes=edits)
        return edits

    def _check(self, content: dict[str, Any], recorded: dict[str, Any], known: list[str]) -> None:
        names = [version for version, _, _ in lanes.standing(content)]
        wrong = [name for name in dict.fromkeys(names) if name not in known or names.count(name) > 1]
        if wrong:
            raise BadInputError(f"{self.path}: {', '.join(wrong)} must stand there once, and be in the registry.")
        before, after = ((one.get(PRODUCTION) or {}).get("version") for one in (recorded, content))
        if before != after:
            raise BadInputError(
                f"{self.path}: production is what the nodes run, {before or 'nothing'}, not {after or 'nothing'}. Undo "
                f"that: deepthink versions undo. Then: deepthink deploy {after or before}"
            )

    def undo(self) -> list[str]:
        """Write the ledger as it was before hand edits, and return what they were."""
        with locked(self.path):
            edits, last = self.edits(), self.history.last()
            if edits and last:
                self.history.add(UNDONE, self._text(), last["ledger"], changes=edits)
                write_text(self.path, last["ledger"])
        return edits

    @contextlib.contextmanager
    def changing(
        self, what: str, version: str, why: str, verdict: dict[str, Any] | None = None, whatever: bool = False
    ) -> Iterator[dict[str, Any]]:
        """Change the ledger: the body changes the content that it is given.

        Parameters
        ----------
        what, version, why, verdict
            For the journal; without a verdict, the one that the version entered with.
        whatever : bool
            Let hand edits count instead of refusing to go on.

        Raises
        ------
        HandEditError
            The file was changed by hand.
        """
        with locked(self.path):
            self._settle(whatever)
            text = self._text()
            content = lanes.parse(text, self.path)
            before, stood = lanes.dump(content), lanes.find(content, version)
            yield content
            after = lanes.dump(content)
            if before != after:
                after, stands = lanes.keep_comments(text, after), lanes.find(content, version)
                moved = {"from": stood[0] if stood else None, "to": stands[0] if stands else None}
                known = verdict or self.history.verdict(version)
                self.history.add(what, text, after, version=version, **moved, why=why, verdict=known)
            if before != after or not self.path.exists():
                write_text(self.path, after)

    def _settle(self, whatever: bool) -> None:
        """Write what a killed process had noted and not written any more, and look for hand edits."""
        for left in self.path.parent.glob(f".{self.path.name}.*.part"):  # by a killed process: we hold the lock
            left.unlink(missing_ok=True)
        last, text = self.history.last(), self._text()
        if last is None or text == last["ledger"]:
            return
        if self._cut_short(last, text):
            write_text(self.path, last["ledger"])
        elif (edits := self.edits()) and not whatever:
            raise HandEditError(self.path, edits)
        elif edits:
            self._note(edits, text, last["ledger"])

    def _note(self, edits: list[str], text: str, recorded: str) -> None:
        """Let hand edits count as they are; a file that cannot be read is put aside for its author."""
        try:
            lanes.parse(text, self.path)
        except BadInputError:
            write_text(self.path.with_name(f"{self.path.name}.unreadable"), text)
            write_text(self.path, recorded)
            return
        self.history.add(BY_HAND, recorded, text, why="a rollout came before anybody accepted it", changes=edits)

    def _cut_short(self, last: dict[str, Any], text: str) -> bool:
        """Whether the last transition was noted and not written: the file is older than the note, and as it was then.

        A file that a person set back to what it was is newer.
        """
        if digest(text) != last["before"]:
            return False
        return not self.path.exists() or self.path.stat().st_mtime_ns <= self.history.path.stat().st_mtime_ns

    def _text(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, ValueError) as error:
            raise BadInputError(f"{self.path} cannot be read: {error}") from None


def reason(why: str) -> str:
    """Return why somebody does something, which they must say."""
    if not why.strip():
        raise BadInputError("Say why, for those who read the journal later: --why 'trained on the neighbour'")
    return why.strip()
