"""How versions may move in the ledger, and what their entries say after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deepthink.errors import TransitionError
from deepthink.registry.history import now
from deepthink.registry.lanes import EXPERIMENTAL, PRODUCTION, RETIRED, TAINTED, VALIDATED

_OF_A_LANE = ("status", "why", "was", "since")  # what an entry says because of where it stands


@dataclass(frozen=True)
class Move:
    """A transition that a person asks for."""

    done: str  # what the journal calls it
    sources: tuple[str, ...]
    to: str | None  # None: out of the ledger


MOVES = {
    "approve": Move("approved", (EXPERIMENTAL,), VALIDATED),
    "retire": Move("retired", (VALIDATED, EXPERIMENTAL), RETIRED),
    "taint": Move("tainted", (VALIDATED, EXPERIMENTAL, RETIRED), TAINTED),
    "restore": Move("restored", (RETIRED, TAINTED), EXPERIMENTAL),
    "prune": Move("pruned", (VALIDATED, EXPERIMENTAL, RETIRED, TAINTED), None),
}


def check_move(verb: str, version: str, lane: str, entry: dict[str, Any]) -> str | None:
    """Return where a version goes to.

    Raises
    ------
    TransitionError
        It may not go there from where it stands.
    """
    move = MOVES[verb]
    if lane == PRODUCTION:
        raise TransitionError(
            f"{version} is in production. Let another version run first: deepthink rollback, or deepthink deploy."
        )
    if lane == move.to:
        raise TransitionError(f"{version} is {lane} already.")
    if lane not in move.sources:
        raise TransitionError(f"{version} is {lane}; only what is {' or '.join(move.sources)} can be {move.done}.")
    if verb == "prune" and entry.get("pinned"):
        raise TransitionError(f"{version} is pinned ({entry['pinned']}). First: deepthink versions unpin {version}")
    # what is tainted was wrongly trusted once: it has to be approved anew
    if verb == "restore" and lane == RETIRED and entry.get("was") == VALIDATED:
        return VALIDATED
    return move.to


def moved(entry: dict[str, Any], to: str, why: str, was: str = "") -> dict[str, Any]:
    """Return an entry as it stands in another lane: with when and why, and without the words of the lane it left."""
    for key in _OF_A_LANE:
        entry.pop(key, None)
    if to in (RETIRED, TAINTED):
        entry.update({"was": was, "since": now(), "why": why})
    elif to == EXPERIMENTAL:
        entry["status"] = f"restored: {why}"
    elif to == VALIDATED and was == EXPERIMENTAL:
        entry["approved"] = why
    return entry
