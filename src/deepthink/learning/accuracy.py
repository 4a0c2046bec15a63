"""How right recognition was, week by week: what it had answered, held against what a person has said since.

The answer is the name that a face carried when the sweep listed it, before anybody decided: the history keeps it. It is
not read from the results, for an event may be answered anew by a version that was trained on this very face.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from deepthink.curation.enrol import BY_RULE
from deepthink.curation.facelist import Row, Status
from deepthink.curation.history import Action, in_force
from deepthink.curation.notes import FROM, SURE, Notes
from deepthink.curation.results import FAR
from deepthink.learning.tenures import Tenure, answering
from deepthink.learning.trends import Share, Week
from deepthink.records import UNKNOWN

Event = tuple[str, str, str]  # week, date, event


@dataclass(frozen=True)
class Reviewed:
    """A face that a person has decided about."""

    row: Row
    answer: str  # what recognition had said, "Unknown" for nobody
    truth: str  # who it is, "Unknown" for a stranger


def reviewed(rows: Mapping[int, Row], actions: Sequence[Action]) -> list[Reviewed]:
    """Return the faces that people, not a rule, have named or called a stranger's, and what was answered before.

    A row that is not in the history was decided elsewhere, or came with its name: nobody knows what was answered.
    """
    held = in_force(actions)
    notes, deciders, answers = Notes.of(held), _deciders(held), _answers(actions)
    found = []
    for number, row in rows.items():
        who = deciders.get(number)
        if who is None or who.endswith(BY_RULE) or number not in answers or not _was_answered(row):
            continue
        if row.enrolled or row.stranger:
            found.append(Reviewed(row, notes.person(answers[number]), row.name))
    return found


def _deciders(held: Iterable[Action]) -> dict[int, str]:
    """Return who decided last about each row; who merges two people looks at no face."""
    found: dict[int, str] = {}
    for action in held:
        looked = action.said.get("rows", []) if action.said.get(SURE) else []
        if FROM not in action.said:
            found |= dict.fromkeys([*action.after, *(int(number) for number in looked)], action.who)
    return found


def _answers(actions: Iterable[Action]) -> dict[int, str]:
    """Return the name that each row carried before the first action on it, where it was waiting then."""
    first: dict[int, tuple[int, str, str]] = {}
    for action in actions:
        for number, state in action.before.items():
            first.setdefault(number, state)
    return {number: name for number, (status, name, _) in first.items() if status == Status.CANDIDATE}


def _was_answered(row: Row) -> bool:
    """Whether a recogniser that knew somebody has answered; an imported face has no numbers at all."""
    return row.distance < FAR and (row.distance, row.margin) != (0.0, 0.0)


def called_now(tenures: Iterable[Tenure], actions: Sequence[Action]) -> list[Tenure]:
    """Return tenures with the people whom their versions knew under the names that they have here since."""
    notes = Notes.of(in_force(actions))
    return [replace(one, people=one.people and frozenset(map(notes.person, one.people))) for one in tenures]


def weekly(found: Iterable[Reviewed], tenures: Sequence[Tenure]) -> tuple[Week, ...]:
    """Count the errors by event, the oldest week first.

    A person's event is asked once for each resident in it whom the version of that time knew; it is missed when none of
    that person's faces was answered rightly. Everyone else is a stranger: an event of theirs is an error when any of
    their faces was given a name.

    Parameters
    ----------
    found : iterable of Reviewed
    tenures : sequence of Tenure
        In the order of deployment, people under the names that rows have (`called_now`); what was answered before the
        first of them is not counted.
    """
    mated: dict[tuple[Event, str], bool] = {}
    nonmated: dict[Event, bool] = {}
    for one in found:
        event, tenure = _event(one.row), answering(tenures, one.row.frame.time)
        if event is None or tenure is None or tenure.people is None:
            continue
        if one.truth in tenure.people:
            mated[event, one.truth] = mated.get((event, one.truth), True) and one.answer != one.truth
        else:
            nonmated[event] = nonmated.get(event, False) or one.answer != UNKNOWN
    weeks = sorted({event[0] for event, _ in mated} | {event[0] for event in nonmated})
    return tuple(
        Week(
            week,
            share([wrong for (event, _), wrong in mated.items() if event[0] == week]),
            share([wrong for event, wrong in nonmated.items() if event[0] == week]),
        )
        for week in weeks
    )


def _event(row: Row) -> Event | None:
    try:
        year, week, _ = date.fromisoformat(row.frame.date).isocalendar()
    except ValueError:
        return None
    return f"{year}-W{week:02d}", row.frame.date, row.frame.event


def share(wrong: Sequence[bool]) -> Share:
    """Count errors, with the exact 95 % interval (Clopper and Pearson 1934); nothing asked says nothing.

    Examples
    --------
    >>> share([True, False, False, False])
    Share(errors=1, asked=4, low=0.0063, high=0.8059)
    """
    from scipy.stats import beta

    errors, asked = sum(wrong), len(wrong)
    low = float(beta.ppf(0.025, errors, asked - errors + 1)) if errors else 0.0
    high = float(beta.ppf(0.975, errors + 1, asked - errors)) if errors < asked else 1.0
    return Share(errors, asked, round(low, 4), round(high, 4))
