"""What the asked events show beyond the two rates: by frame, camera, hour and tag, closed-set ranks, the DET curve."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from deepthink.records import UNKNOWN
from deepthink.validation.metrics import Asked, Metrics, Rate, measure

DRAWS = 2000  # of the bootstrap
SHIFTS = tuple(np.linspace(-0.3, 0.4, 141).round(4).tolist())  # of the thresholds, embedding units
FARS = (0.01, 0.001)  # false accept rates at which pairs are judged
_HOURS = re.compile(r"(\d{1,2})-(\d{1,2})")


@dataclass(frozen=True)
class ClusteredRate(Rate):
    """A share of faces; its interval is a bootstrap over events, because the faces of one event are alike."""

    clusters: tuple[tuple[int, int], ...] = ()  # wrong and all faces of each event

    @property
    def interval(self) -> tuple[float, float]:
        """Between which the true share lies, 95 times of 100 (percentile bootstrap, Efron 1979)."""
        if not self.count:
            return Rate(0, len(self.clusters)).interval
        if len(self.clusters) == 1:
            return 0.0, 1.0
        counts = np.array(self.clusters)
        rng = np.random.default_rng(0)
        drawn = counts[rng.integers(0, len(counts), (DRAWS, len(counts)))].sum(axis=1)
        low, high = np.percentile(drawn[:, 0] / drawn[:, 1], [2.5, 97.5])
        return float(low), float(high)


@dataclass(frozen=True)
class Nearest:
    """The pair that came nearest to being confused."""

    event: str
    really: str  # "Unknown" for a stranger
    person: str  # who was nearest, of those it is not
    distance: float


@dataclass(frozen=True)
class Point:
    """One point of the DET curve."""

    shift: float  # of every threshold, in embedding units; 0 is the operating point
    fpir: float
    fnir: float


@dataclass(frozen=True)
class Study:
    """What the asked events show beyond the two rates."""

    frames_missed: Rate  # FNIR by frame: faces of residents, each answered alone
    frames_named: Rate  # FPIR by frame
    parts: dict[str, dict[str, Metrics]]  # camera, hour or tag; which; the rates of its events
    rank1: Rate  # residents' events whose own baseline is the nearest, whatever the threshold (closed set)
    rank5: Rate  # or among the five nearest
    true_accepts: dict[float, float]  # TAR at FAR: probes against single baselines
    nearest_stranger: Nearest | None
    nearest_resident: Nearest | None  # to another's baseline: siblings and twins
    det: tuple[Point, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for the verdict."""
        return {
            "by_frame": {"fnir": self.frames_missed.as_dict(), "fpir": self.frames_named.as_dict()},
            **{f"by_{kind}": {name: _rates(part) for name, part in own.items()} for kind, own in self.parts.items()},
            "rank_1": self.rank1.as_dict(),
            "rank_5": self.rank5.as_dict(),
            "tar_at_far": {f"{far:g}": tar for far, tar in self.true_accepts.items()},
            "nearest_stranger": asdict(self.nearest_stranger) if self.nearest_stranger else None,
            "nearest_resident": asdict(self.nearest_resident) if self.nearest_resident else None,
            "det": [asdict(point) for point in self.det],
        }


def study(asked: Sequence[Asked], tags: Mapping[str, Sequence[str]] | None = None) -> Study:
    """Look closer at what was answered.

    Parameters
    ----------
    asked : sequence of Asked
    tags : mapping of str to sequence of str, optional
        A site's own groups: of people (`children: [mia, tom]`) or of hours (`night: [20-6]`).

    Examples
    --------
    >>> seen = Asked("d|1", "c", frozenset({"ann"}), 0, frozenset({"ann"}), 1, apart={"ann": 0.2, "bob": 0.7})
    >>> study([seen]).rank1.value
    1.0
    """
    residents = [event for event in asked if event.alone in event.apart]
    strangers = [event for event in asked if event.alone == UNKNOWN and event.apart]
    return Study(
        _by_frame(asked, strangers=False),
        _by_frame(asked, strangers=True),
        _parts(asked, tags or {}),
        _ranked(residents, 1),
        _ranked(residents, 5),
        _true_accepts(residents, strangers),
        _nearest(strangers),
        _nearest(residents),
        det(asked),
    )


def det(asked: Sequence[Asked], shifts: Iterable[float] = SHIFTS) -> tuple[Point, ...]:
    """Return FPIR and FNIR as all thresholds move together (detection error trade-off, Martin et al. 1997).

    Events with one person, or with strangers alone, are counted; at 0 they give the rates of the version as it is.
    """
    single = [event for event in asked if event.alone in event.residents]
    own = np.array([_least(score.margin for score in e.scores if score.nearest == e.alone) for e in single])
    others = np.array([_least(s.margin for s in e.scores) for e in asked if e.strangers and not e.residents])
    share = lambda chosen: float(chosen.mean()) if len(chosen) else 0.0
    return tuple(Point(float(shift), share(others <= shift), share(own > shift)) for shift in shifts)


def _least(margins: Iterable[float]) -> float:
    return min(margins, default=np.inf)


def _by_frame(asked: Sequence[Asked], strangers: bool) -> Rate:
    events = [event for event in asked if event.looks and event.alone and (event.alone == UNKNOWN) == strangers]
    clusters = tuple((sum(look.answer != event.alone for look in event.looks), len(event.looks)) for event in events)
    return ClusteredRate(sum(wrong for wrong, _ in clusters), sum(all_ for _, all_ in clusters), clusters)


def _parts(asked: Sequence[Asked], tags: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Metrics]]:
    cameras = sorted({event.camera for event in asked if event.camera})
    hours = sorted({event.hour for event in asked if event.hour is not None})
    return {
        "camera": {camera: measure([event for event in asked if event.camera == camera]) for camera in cameras},
        "hour": {f"{hour:02d}": measure([event for event in asked if event.hour == hour]) for hour in hours},
        "tag": {tag: _tagged(asked, members) for tag, members in tags.items()},
    }


def _tagged(asked: Sequence[Asked], members: Sequence[str]) -> Metrics:
    """Return the rates of a tag: of its hours; or of its people, and of strangers who got one of their names."""
    hours = {hour for member in members for hour in hours_of(member)}
    if hours:
        return measure([event for event in asked if event.hour in hours])
    people = frozenset(members)
    own = [replace(event, residents=event.residents & people) for event in asked]
    return measure([replace(event, named=event.named & people) if event.strangers else event for event in own])


def hours_of(member: str) -> list[int]:
    """Return the hours of the day that `20-6` stands for, from the first to before the last; none for a person's name.

    Examples
    --------
    >>> hours_of("22-2"), hours_of("mia")
    ([22, 23, 0, 1], [])
    """
    found = _HOURS.fullmatch(member)
    if not found:
        return []
    first, last = (int(number) % 24 for number in found.groups())
    return [(first + step) % 24 for step in range((last - first) % 24 or 24)]


def _ranked(residents: Sequence[Asked], places: int) -> Rate:
    found = [sorted(event.apart, key=event.apart.__getitem__).index(event.alone) < places for event in residents]
    return Rate(sum(found), len(found))


def _true_accepts(residents: Sequence[Asked], strangers: Sequence[Asked]) -> dict[float, float]:
    """Return the share of probes within the distance at which FAR of the pairs of probe and another's baseline are."""
    genuine = np.array([event.apart[event.alone] for event in residents])
    others = [far for event in (*residents, *strangers) for who, far in event.apart.items() if who != event.alone]
    if not len(genuine) or not others:
        return {}
    return {far: float((genuine <= np.quantile(others, far)).mean()) for far in FARS if len(others) * far >= 1}


def _nearest(events: Sequence[Asked]) -> Nearest | None:
    pairs = [
        (far, event.event, event.alone, who)
        for event in events
        for who, far in event.apart.items()
        if who != event.alone
    ]
    if not pairs:
        return None
    distance, event, really, person = min(pairs)
    return Nearest(event, really, person, distance)


def _rates(part: Metrics) -> dict[str, Any]:
    return {"fnir": part.missed.as_dict(), "fpir": part.named.as_dict()}
