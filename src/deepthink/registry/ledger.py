"""versions.yaml: which version is in production, which are validated, which experimental, retired or tainted.

It is written only by transitions:

                 approve                 deploy
    experimental ------> validated <---------------> production
          |                  |
          +--------+---------+      restore: from retired to where it was, from tainted to experimental
           retire  |  taint
                   v
           retired, tainted ----> prune: gone, and its name is not given again
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from deepthink.errors import HandEditError, TransitionError, VersionExistsError, VersionNotFoundError
from deepthink.registry import lanes
from deepthink.registry.book import Book, reason
from deepthink.registry.history import now
from deepthink.registry.lanes import EXPERIMENTAL, PRODUCTION, RETIRED, TAINTED, VALIDATED
from deepthink.registry.moves import MOVES, check_move, moved
from deepthink.registry.naming import free_name

LEDGER = "versions.yaml"


class Ledger(Book):
    """The ledger of a registry."""

    def production(self) -> str | None:
        """Return the version in production, or None."""
        entry = self.read().get(PRODUCTION) or {}
        return entry.get("version")

    def predecessors(self) -> set[str]:
        """Return what ran before the version in production: the last other one, and what a rollback would go to."""
        ran = [str(e["version"]) for e in self.history.entries() if e["what"] == "promoted"]
        stack: list[str] = []
        for version in ran:
            stack = stack[: stack.index(version) + 1] if version in stack else [*stack, version]
        return {*stack[-2:-1], *ran[-2:-1]}

    def lane(self, version: str) -> str | None:
        """Return where a version stands; None when the ledger does not hold it."""
        found = lanes.find(self.read(), version)
        return found[0] if found else None

    def approved(self, version: str) -> str:
        """Return why a person let a version pass that failed validation; empty when nobody did."""
        found = lanes.find(self.read(), version)
        return str(found[1].get("approved", "")) if found else ""

    def pruned(self) -> set[str]:
        """Return the versions whose files are gone, or going."""
        gone = {str(e["version"]) for e in self.history.entries() if e["what"] == MOVES["prune"].done}
        return gone - {version for version, _, _ in lanes.standing(self.read())}

    def enter(self, version: str, validated: bool, accuracy: float, notes: str, why: str = "published") -> None:
        """Enter a new version, as validated or as experimental; a version that is in already stays where it is.

        Raises
        ------
        VersionExistsError
            A version of that name was pruned.
        """
        verdict = {"passed": validated, "accuracy": round(accuracy, 4), "notes": notes}
        if version in self.pruned():
            raise VersionExistsError(version, free_name(version, self.history.known()))
        with self.changing("entered", version, why, verdict) as content:
            if lanes.find(content, version):
                return
            entry = {"version": version, "published": now(), "accuracy": round(accuracy, 4), "notes": notes}
            failed = {**entry, "status": "failed validation"}
            lanes.put(content, VALIDATED, entry) if validated else lanes.put(content, EXPERIMENTAL, failed)

    def check_publishable(self, version: str) -> None:
        """Refuse a name that a pruned version had, and anything while hand edits wait; asked before files are copied.

        Raises
        ------
        VersionExistsError, HandEditError
        """
        if version in self.pruned():
            raise VersionExistsError(version, free_name(version, self.history.known()))
        edits = self.edits()
        if edits:
            raise HandEditError(self.path, edits)

    def check_deployable(self, version: str, whatever: bool = False) -> None:
        """Refuse a version that may not run; asked before a node is touched.

        Parameters
        ----------
        version : str
        whatever : bool
            Do not ask for hand edits to be accepted first: who rolls back has no time for that.

        Raises
        ------
        TransitionError
            It is retired, tainted or pruned.
        HandEditError
            The ledger was changed by hand.
        """
        edits = self.edits()
        if edits and not whatever:
            raise HandEditError(self.path, edits)
        lane, entry = lanes.find(self.read(), version) or (None, {})
        if version in self.pruned():
            raise TransitionError(f"{version} was pruned: its files are gone here, and nothing could answer by it.")
        if lane in (RETIRED, TAINTED):
            raise TransitionError(
                f"{version} is {lane} ({entry.get('why', '')}). Deploy another version, or take that back first: "
                f"deepthink versions restore {version} --why ..."
            )

    def promote(self, version: str, deployed: datetime | None = None, why: str = "deployed") -> None:
        """Make a version the one in production; the one that was is validated from now on.

        The nodes run it by now, so that nothing is refused: hand edits are noted in the journal, and count.
        """
        with self.changing("promoted", version, why, whatever=True) as content:
            former = content.get(PRODUCTION)
            if former and former["version"] == version:
                return
            entry = moved(lanes.take(content, version) or {"version": version}, PRODUCTION, why)
            entry["deployed"] = now(deployed)
            content[PRODUCTION] = entry
            if former:
                lanes.put(content, VALIDATED, former)

    def move(self, verb: str, version: str, why: str) -> str | None:
        """Approve, retire, taint, restore or prune a version, and return where it stands then.

        Raises
        ------
        VersionNotFoundError, TransitionError, HandEditError
        """
        with self.changing(MOVES[verb].done, version, reason(why)) as content:
            lane, entry = _held(content, version)
            to = check_move(verb, version, lane, entry)
            taken = lanes.take(content, version)
            if to and taken is not None:
                lanes.put(content, to, moved(taken, to, why, lane))
        return to

    def pin(self, version: str, why: str) -> None:
        """Keep a version from ever being pruned."""
        with self.changing("pinned", version, reason(why)) as content:
            _held(content, version)[1]["pinned"] = why

    def unpin(self, version: str) -> None:
        """Let a version be pruned again."""
        with self.changing("unpinned", version, "") as content:
            _held(content, version)[1].pop("pinned", None)


def _held(content: dict[str, Any], version: str) -> tuple[str, dict[str, Any]]:
    found = lanes.find(content, version)
    if found is None:
        raise VersionNotFoundError(version, [name for name, _, _ in lanes.standing(content)])
    return found
