"""Films a cast as a datasink: events of several frames, exactly as docs/formats.md 1.1 says, and who is in them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from deepthink.datasink.folder import HEADER, INDEX, STAMP, format_time
from deepthink.files import write_text
from deepthink.records import Box
from deepthink.simulate.cast import Actor
from deepthink.simulate.stage import CAMERAS, HEIGHT, WIDTH, Camera, expose, put, scene

TRUTH = "truth.csv"
TRUTH_HEADER = ["date", "event", "timestamp", "x1", "y1", "x2", "y2", "person", "resident", "facing"]
FRAMES = 4
_BLURRED, _TURNED = 0.08, 0.06  # shares of frames


@dataclass(frozen=True)
class Shot:
    """One event to film."""

    actors: tuple[Actor, ...]  # none for an event in which nobody is
    camera: Camera
    start: datetime


@dataclass(frozen=True)
class Presence:
    """Somebody in one frame: a line of the truth file."""

    event: str
    time: datetime
    box: Box
    person: str
    facing: bool


def schedule(day: str, parties: Sequence[tuple[Actor, ...]], rng: np.random.Generator) -> list[Shot]:
    """Spread parties over a day, 7 to 21 o'clock, over the cameras, in a drawn order."""
    first = datetime.fromisoformat(day) + timedelta(hours=7)
    seconds = np.sort(rng.choice(14 * 3600 // 20, len(parties), replace=False)) * 20
    order = rng.permutation(len(parties))
    return [
        Shot(parties[which], CAMERAS[int(rng.integers(len(CAMERAS)))], _start(first, int(second), rng))
        for which, second in zip(order, seconds, strict=True)
    ]


def _start(first: datetime, second: int, rng: np.random.Generator) -> datetime:
    return first + timedelta(seconds=second, microseconds=int(rng.integers(1_000_000)))


def film(
    folder: Path,
    day: str,
    shots: Iterable[Shot],
    residents: frozenset[str],
    rng: np.random.Generator,
    progress: Callable[[], None] = lambda: None,
) -> int:
    """Film a day's events into `folder`/datasink and add who is in them to `folder`/truth.csv.

    A day that was filmed already is left as it is; one that was begun and killed is filmed again, the same.

    Returns
    -------
    int
        How many events the day has.
    """
    data, images = folder / "datasink/data" / day, folder / "datasink/images" / day
    index: list[str] = []
    truth: list[list[object]] = []
    scenes = {camera: scene(camera) for camera in CAMERAS}
    data.mkdir(parents=True, exist_ok=True)
    images.mkdir(parents=True, exist_ok=True)
    for shot in shots:
        event = rng.bytes(16).hex()
        seen = _film_event(event, shot, scenes[shot.camera], data, images, rng)
        truth += [_truth_line(day, presence, residents) for presence in seen]
        index.append(_index_line(event, shot))
        progress()
    _add_truth(folder / TRUTH, day, truth)
    write_text(data / INDEX, "".join(f"{line}\n" for line in index))  # last: a day without it was not filmed whole
    return len(index)


def _film_event(
    event: str, shot: Shot, background: np.ndarray, data: Path, images: Path, rng: np.random.Generator
) -> list[Presence]:
    lines, seen = [",".join(HEADER)], []
    steps = [Walk.begin(place, len(shot.actors), rng) for place in range(len(shot.actors))]
    for number in range(FRAMES):
        time = shot.start + timedelta(milliseconds=int(number * 400 + rng.integers(120)))
        picture = background.copy()
        present = [
            _enter(picture, event, time, actor, walk.at(number), rng)
            for actor, walk in zip(shot.actors, steps, strict=True)
        ]
        lines += [_tracking_line(time, place, presence.box) for place, presence in enumerate(present)]
        blur = float(rng.uniform(3.0, 4.5)) if rng.random() < _BLURRED else float(rng.uniform(0, 0.6))
        (images / f"{event}_{time.strftime(STAMP)}.jpg").write_bytes(expose(picture, rng, blur))
        seen += present
    if not shot.actors:
        lines.append(f"{format_time(shot.start)},0,cat: 0.7100,300,330,380,420")
    write_text(data / f"{event}_trk.csv", "\n".join(lines) + "\n")
    return seen


@dataclass(frozen=True)
class Walk:
    """How somebody crosses the picture."""

    x: float  # pixels, of the middle
    step: float
    top: float
    height: int

    @classmethod
    def begin(cls, place: int, of: int, rng: np.random.Generator) -> Walk:
        """Start in one's own part of the picture, as wide as the number of people allows."""
        part = WIDTH / max(1, of)
        x = part * place + part * rng.uniform(0.38, 0.62)
        height = int(rng.uniform(290, 340) if of > 1 else rng.uniform(300, 400))
        return cls(x, float(rng.uniform(-9, 9)), float(rng.uniform(20, HEIGHT - height - 10)), height)

    def at(self, number: int) -> tuple[float, float, int]:
        """Return middle, top and height in the frame of a number."""
        return self.x + self.step * number, self.top, int(self.height * (1 + 0.012 * number))


def _enter(
    picture: np.ndarray,
    event: str,
    time: datetime,
    actor: Actor,
    where: tuple[float, float, int],
    rng: np.random.Generator,
) -> Presence:
    middle, top, height = where
    turned = bool(rng.random() < _TURNED)
    bust, opacity = actor.appear(rng, height, turned)
    box = put(picture, bust, opacity, round(middle - bust.shape[1] / 2), round(top))
    return Presence(event, time, box, actor.name, not turned)


def _tracking_line(time: datetime, objid: int, box: Box) -> str:
    return f"{format_time(time)},{objid},person: 0.9{(box.x1 + box.y1) % 90:02d}1,{box.x1},{box.y1},{box.x2},{box.y2}"


def _index_line(event: str, shot: Shot) -> str:
    return f"{shot.camera.node},{shot.camera.view},{format_time(shot.start)},{event},{WIDTH},{HEIGHT},trk"


def _truth_line(day: str, seen: Presence, residents: frozenset[str]) -> list[object]:
    box = seen.box
    known = int(seen.person in residents)
    sides = [box.x1, box.y1, box.x2, box.y2]
    return [day, seen.event, format_time(seen.time), *sides, seen.person, known, int(seen.facing)]


def _add_truth(path: Path, day: str, lines: list[list[object]]) -> None:
    """Replace a day's lines in the truth file."""
    kept = [line for line in path.read_text().splitlines()[1:] if not line.startswith(day)] if path.exists() else []
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    write_text(path, ",".join(TRUTH_HEADER) + "\n" + "".join(f"{line}\n" for line in kept) + text.getvalue())
