"""Champion and challenger: the version in production and a new one answer the same events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from deepthink.validation.gates import Gate
from deepthink.validation.metrics import Asked

SIGNIFICANCE = 0.05
KNOWN_BY = 3  # events in which production named somebody, from which on a version that never does has lost them
STRIKING = 0.2  # share of events put right from which on a person should look why: more often a leak than a triumph


@dataclass(frozen=True)
class Flip:
    """An event whose answer changes with the new version."""

    event: str  # "date|event"
    camera: str
    really: tuple[str, ...]  # residents in it; "a stranger" stands for strangers
    before: tuple[str, ...]
    after: tuple[str, ...]
    harm: int  # 3 a stranger gets a name, 2 a wrong name, 1 a resident is missed, 0 no harm


@dataclass(frozen=True)
class Challenge:
    """How a new version did beside the one in production."""

    champion: str
    events: int  # that neither was trained on
    lost: int  # answered rightly by the champion alone
    gained: int  # answered rightly by the challenger alone
    p_value: float  # of losing so many more by chance (McNemar's test, exact, one-sided)
    missing: tuple[str, ...]  # people that the champion knows and the challenger does not, or never names any more
    flips: tuple[Flip, ...]  # worst first

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for the verdict."""
        return asdict(self)


def challenge(champion: str, before: Sequence[Asked], after: Sequence[Asked], missing: Sequence[str]) -> Challenge:
    """Compare two versions' answers to the same events.

    Parameters
    ----------
    champion : str
        The version in production.
    before, after : sequence of Asked
        Its answers and the challenger's, event by event, with the same truth.
    missing : sequence of str
        People that the champion knows and the challenger does not.

    References
    ----------
    McNemar, Note on the sampling error of the difference between correlated proportions, Psychometrika 1947.

    Examples
    --------
    >>> right = [Asked(f"d|{n}", "c", frozenset({"ann"}), 0, frozenset({"ann"}), 1) for n in range(6)]
    >>> wrong = [Asked(f"d|{n}", "c", frozenset({"ann"}), 0, frozenset(), 1) for n in range(6)]
    >>> found = challenge("alpha", right, wrong, [])
    >>> found.lost, round(found.p_value, 3)
    (6, 0.016)
    """
    from scipy.stats import binomtest

    pairs = list(zip(before, after, strict=True))
    lost = sum(_right(old) and not _right(new) for old, new in pairs)
    gained = sum(_right(new) and not _right(old) for old, new in pairs)
    changed = lost + gained
    p_value = float(binomtest(lost, changed, 0.5, "greater").pvalue) if changed else 1.0
    flips = [_flip(old, new) for old, new in pairs if old.named != new.named]
    flips.sort(key=lambda flip: (-flip.harm, flip.event))
    gone = sorted({*missing, *_forgotten(pairs)})
    return Challenge(champion, len(pairs), lost, gained, p_value, tuple(gone), tuple(flips))


def challenge_gates(found: Challenge) -> list[Gate]:
    """Ask what production decides: nothing lost beyond chance, nobody lost, and no improvement too good to be true."""
    change = f"{found.gained} of {found.events} events put right, {found.lost} made wrong (p = {found.p_value:.2f})"
    return [
        Gate(
            "production", f"Is it no worse than {found.champion}?", f"no loss beyond chance (p < {SIGNIFICANCE:g})",
            change, found.p_value >= SIGNIFICANCE,
        ),
        Gate(
            "people", f"Does it know everyone that {found.champion} knows?", "nobody lost",
            ", ".join(found.missing) or "nobody lost", not found.missing,
        ),
        Gate(
            "striking", "Is it not strangely much better?", f"at most {100 * STRIKING:g} % of events put right",
            change, found.gained <= STRIKING * found.events, asks=True,
        ),
    ]  # fmt: skip


def uncompared(champion: str, why: str) -> Gate:
    """Return the question to a person who must decide because the two versions could not be asked side by side."""
    return Gate(
        "production", f"Is it no worse than {champion}?", "the same events asked of both", why, False, asks=True
    )


def _forgotten(pairs: Iterable[tuple[Asked, Asked]]) -> list[str]:
    """Return the people whom the champion named in several events, and the challenger in none."""
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for old, new in pairs:
        before.update(old.residents & old.named)
        after.update(new.residents & new.named)
    return [person for person, count in before.items() if count >= KNOWN_BY and not after[person]]


def _right(event: Asked) -> bool:
    return event.residents == event.named


def _flip(old: Asked, new: Asked) -> Flip:
    really = tuple(sorted(new.residents)) + (("a stranger",) if new.strangers else ())
    return Flip(new.event, new.camera, really, tuple(sorted(old.named)), tuple(sorted(new.named)), _harm(new))


def _harm(event: Asked) -> int:
    if event.named - event.residents:
        return 2 if event.residents and not event.strangers else 3
    return int(bool(event.residents - event.named))
