"""What reviewers have said that no row of the facelist can hold: it follows from the history, and is undone with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from deepthink.curation.history import Action

NOT, SURE, FROM, INTO = "not", "sure", "from", "into"


@dataclass
class Notes:
    """What holds beside the rows.

    Examples
    --------
    >>> said = [Action(1, "not", "ann", "", {}, {}, said={"not": "Bob", "rows": [7]})]
    >>> Notes.of(said).refused
    {7: {'Bob'}}
    """

    refused: dict[int, set[str]] = field(default_factory=dict)  # whom each row does not show: never proposed again
    sure: set[int] = field(default_factory=set)  # rows that are right, whatever a suspicion says
    merged: dict[str, str] = field(default_factory=dict)  # names that are another's by now

    @classmethod
    def of(cls, actions: Iterable[Action]) -> Notes:
        """Gather what actions in force have said."""
        notes = cls()
        for action in actions:
            notes.take(action)
        return notes

    def take(self, action: Action) -> None:
        """Take in what one more action has said; one that takes another back needs all anew."""
        said, rows = action.said, action.said.get("rows", [])
        if NOT in said:
            for number in rows:
                self.refused.setdefault(int(number), set()).add(str(said[NOT]))
        if said.get(SURE):
            self.sure.update(int(number) for number in rows)
        for name in {state[1] for state in action.after.values()} & self.merged.keys():
            del self.merged[name]  # somebody has used the name anew
        if FROM in said and INTO in said:
            self._merge(str(said[FROM]), str(said[INTO]))

    def _merge(self, one: str, into: str) -> None:
        self.merged = {name: into if target == one else target for name, target in self.merged.items()}
        self.merged[one] = into
        self.merged.pop(into, None)  # who was merged away and is merged into again is somebody again

    def person(self, name: str) -> str:
        """Return who a name means by now."""
        return self.merged.get(name, name)
