"""The contract of a source: another system's pictures, and whom it says they show."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from deepthink.errors import BadInputError

MOST = 200_000  # pictures, or entries of a folder: a list that goes on beyond that has no end
LONGEST = 200  # characters of a name or an id; what is longer is none
Corners = tuple[float, float, float, float]  # left, top, right and bottom, as parts of a picture's sides
T = TypeVar("T")


@dataclass(frozen=True)
class Offer:
    """One picture of another system, not read yet."""

    ident: str  # what that system calls it: a path below its folder, or an id
    read: Callable[[], bytes]  # raises BadInputError when this picture cannot be had, StepError when none can
    name: str = ""  # whom it shows, in that system's words; empty when nobody has said
    confirmed: bool = False  # whether a person said so there, not its recogniser
    ignored: bool = False  # whether it is said there to be nobody who matters
    score: float | None = None  # that system's own, of unknown scale
    taken: str = ""  # when, as that system tells it
    marked: Callable[[], Corners | None] = lambda: None  # which face is meant; None where there is but one


class Source(Protocol):
    """Lists what another system holds; nothing is read or asked before `pictures` is called."""

    kind: str
    origin: str  # the folder or the address
    lasting: bool  # whether an id there always means the same picture, so that it need not be read twice

    def pictures(self) -> Iterator[Offer]:
        """Yield every picture, the same ones in the same order each time.

        Raises
        ------
        BadInputError
            What the system holds or answers is not what it should be.
        StepError
            It does not answer.
        """
        ...


def bounded(items: Iterable[T], where: str, most: int = MOST) -> Iterator[T]:
    """Yield items, and refuse a list that does not end.

    Examples
    --------
    >>> list(bounded("ab", "there", most=2))
    ['a', 'b']
    """
    for number, item in enumerate(items):
        if number >= most:
            raise BadInputError(f"{where} lists more than {most} entries. Import it in parts.")
        yield item


def entry(value: object) -> dict[str, Any]:
    """Return an entry that a server listed, an empty one for what is none.

    Examples
    --------
    >>> entry({"id": 1}), entry(7)
    ({'id': 1}, {})
    """
    return value if isinstance(value, dict) else {}


def number(value: object) -> float | None:
    """Return a finite number that another system gave, None for anything else.

    Examples
    --------
    >>> number("0.93"), number("nan"), number({}), number(None)
    (0.93, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def words(value: object) -> str:
    r"""Return a text that another system gave; nothing for what is none, or is longer than any name.

    What no file could be written with becomes a question mark.

    Examples
    --------
    >>> words(" Ann"), words(["Ann"]), words("A" * 1000), words("\ud800")
    ('Ann', '', '', '?')
    """
    if not isinstance(value, str) or len(value) > LONGEST:
        return ""
    return value.strip().encode("utf-8", "replace").decode("utf-8")
