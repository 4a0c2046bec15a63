"""What waits for a person, each with the exact next step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from deepthink.flow.doctor.finding import Finding, Harm
from deepthink.messages.base import Standing

Where = Literal["", "review", "run", "runs", "drift", "doctor"]


@dataclass(frozen=True)
class Wait:
    """Something that a person must do, or may want to."""

    says: str  # a sentence
    next: str = ""  # what to do
    command: str = ""  # to be typed, where there is one
    where: Where = ""  # the review page, or the part of the status page that shows more


def what_waits(
    standing: Standing, edits: Sequence[str], findings: Sequence[Finding], faces: int, cut_off: str = ""
) -> Iterator[Wait]:
    """Yield what waits, what does most harm first.

    Parameters
    ----------
    standing : Standing
    edits : sequence of str
        What was changed in versions.yaml by hand, a sentence each.
    findings : sequence of Finding
        The doctor's.
    faces : int
        How many wait for review.
    cut_off : str
        The version of a run that has begun and that nobody walks on with.

    Examples
    --------
    >>> [wait.says for wait in what_waits(Standing(), [], [], 2)]
    ['2 faces wait to be looked at.']
    """
    if edits:
        said = f"versions.yaml was changed by hand: {'; '.join(edits)}."
        yield Wait(
            said, "Let that count, or undo it.", "deepthink versions accept --why ...  or  deepthink versions undo"
        )
    bad = [one for one in findings if one.harm == Harm.HARMFUL]
    if bad:
        more = f", and {len(bad) - 1} more" if len(bad) > 1 else ""
        yield Wait(f"{bad[0].where}: {bad[0].name}: {bad[0].found}{more}.", bad[0].next, where="doctor")
    if cut_off:
        yield Wait(f"The run of {cut_off} was cut off.", "It goes on where it stopped:", "deepthink run", "run")
    if standing.waits_for:
        yield Wait(standing.waits_for, where="runs")
    if standing.alarms:
        several = f"{len(standing.alarms)} changes since its first days" if standing.alarms[1:] else standing.alarms[0]
        yield Wait(several, "Look at the faces, and say which are wrong.", where="drift")
    if faces:
        one = faces == 1
        yield Wait(f"{faces:,} face{'' if one else 's'} wait{'s' if one else ''} to be looked at.", where="review")
