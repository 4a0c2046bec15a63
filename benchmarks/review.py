"""What the review page costs on a large site: the first screen, an action, and a first look at faces, in one run.

Example: python benchmarks/review.py --rows 100000 --unknown 20000 --json

A facelist of so many rows is written, of which so many wait and nobody has a name for them; the others are in use, of
100 people. Their embeddings are drawn, of 400 strangers and the residents among the unknown; so is their picture. The
page is asked in this process, through its whole application, as a browser on this machine asks it. `first_screen` and
`after_sweep` are the whole page, the second after another process has added rows; `act` names, undoes or refuses a
card's faces on disk, `card` draws the next one; `thumbnails` are a card's faces, cut out and then from the disk.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from fastapi.testclient import TestClient

from deepthink.curation.facelist import Eyes, Facelist, Row, Status, editing
from deepthink.curation.lanes import Filter
from deepthink.curation.vectors import Seen, Vectors, face_id
from deepthink.flow.desk import Desk
from deepthink.flow.wiring import Site
from deepthink.records import UNKNOWN, Alignment, Box, FrameKey
from deepthink.settings import load
from deepthink.web.app import make_app
from deepthink.web.guard import Guard
from deepthink.web.pictures import Faces
from deepthink.web.service import users_of

START, BOX = datetime(2026, 1, 1, 8, 0, 0, 50631), Box(200, 100, 340, 240)
PEOPLE, STRANGERS, FACES, EVENTS_A_DAY = 100, 400, 5, 100
PLACE = "http://127.0.0.1:8010"
ACTIONS = 20


class Nothing:
    """An embedder that is never asked: all embeddings are there."""

    name, fingerprint, alignment, size, dimensions = "nothing", "nothing:1", Alignment(), 150, 128

    def embed(self, crops: np.ndarray) -> np.ndarray:
        raise AssertionError("all embeddings are there")


def main() -> None:
    """Measure and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--unknown", type=int, default=20_000)
    parser.add_argument("--json", action="store_true", help="as JSON")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), given.rows, given.unknown)
    print(json.dumps(found, indent=2) if given.json else table(found))


def measure(folder: Path, count: int, unknown: int) -> dict[str, Any]:
    """Return seconds, and MiB of memory."""
    site = film(folder, count, unknown)
    found: dict[str, Any] = {"rows": count, "unknown": unknown, "mb": round(site.facelist.stat().st_size / 1e6, 1)}
    found["start"], desk = timed(lambda: Desk(site))
    found["grouping"], _ = timed(desk.study)
    faces = Faces(folder / "faces", lambda row: site.datasink.picture(row.frame))
    client = TestClient(make_app(desk, Guard(users_of(site), local=True), faces), base_url=PLACE)
    client.headers["Origin"] = PLACE
    found["first_screen"], page = timed(lambda: client.get("/"))
    client.headers["X-CSRF-Token"] = re.search('csrf-token" content="([^"]+)"', page.text)[1]
    found["first_screen_again"], page = timed(lambda: client.get("/"))
    found["groups"] = sum(card.kind == "group" for card in desk.cards(("queue", Filter())))
    found |= acted(client)
    found["thumbnails"], _ = timed(lambda: thumbnails(client, page.text))
    found["thumbnails_again"], _ = timed(lambda: thumbnails(client, page.text))
    swept(site)
    found["after_sweep"], _ = timed(lambda: client.get("/"))
    found["peak_mib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return found


def film(folder: Path, count: int, unknown: int) -> Site:
    """Write a site's facelist, its embeddings, its index and the pictures of its newest day."""
    (folder / "site.yaml").write_text("embedder: dlib-resnet\n")
    site, rng = Site(load(folder)), np.random.default_rng(0)
    site.embedder = Nothing()
    centres = rng.normal(0, 0.055, (PEOPLE + STRANGERS, 128))
    facelist, vectors = Facelist(site.facelist), Vectors(site.facelist, "nothing:1")
    seen = {}
    for event in range(count // FACES):
        new = event * FACES >= count - unknown
        who = int(rng.integers(PEOPLE + STRANGERS if new else PEOPLE))
        middle = centres[who] + rng.normal(0, 0.02, 128)
        for number in range(FACES):
            row = listed(event, number, who, new)
            facelist.append(row)
            vector = (middle + rng.normal(0, 0.015, 128)).astype(np.float32)
            seen[face_id(row)] = Seen(vector, float(rng.uniform(0, 0.6)))
    facelist.write()
    vectors.add(seen)
    vectors.save()
    picture = cv2.imencode(".jpg", rng.integers(0, 255, (480, 640, 3), np.uint8))[1].tobytes()
    for event in range(count // FACES):
        index(site, event, picture if event * FACES >= count - unknown else b"")
    return site


def listed(event: int, number: int, who: int, new: bool) -> Row:
    """Return a row: one that waits and has no name, or one in use."""
    day, status = _day(event), Status.CANDIDATE if new else Status.IN_USE
    key = FrameKey(
        day.strftime("%Y-%m-%d"), f"{event:032x}", day + timedelta(seconds=60 * (event % EVENTS_A_DAY) + number)
    )
    name, since = (UNKNOWN, "") if new else (f"Person_{who}", "2026-09-01")
    figures = (0.0, 0.91, 0.3) if new else (0.9951, 0.41, -0.1)
    return Row(key, 0, status, name, *figures, BOX, Eyes(38, 40, 70, 42, -358.6), 74.73, since)


def _day(event: int) -> datetime:
    return START + timedelta(days=event // EVENTS_A_DAY)


def index(site: Site, event: int, picture: bytes) -> None:
    """List an event in its day's index; and write its pictures, if there are any."""
    day = _day(event).strftime("%Y-%m-%d")
    folder = site.settings.root / "datasink/data" / day
    folder.mkdir(parents=True, exist_ok=True)
    start = (_day(event) + timedelta(seconds=60 * (event % EVENTS_A_DAY))).isoformat()
    with (folder / "camwatcher.csv").open("a") as file:
        file.write(f"alpha5,PiCam3,{start},{event:032x},640,480,trk\n")
    for number in range(FACES if picture else 0):
        key = listed(event, number, 0, True).frame
        path = site.datasink.picture_path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return how long something took, and what it returned."""
    started = time.perf_counter()
    result = work()
    return round(time.perf_counter() - started, 4), result


def acted(client: TestClient) -> dict[str, float]:
    """Name, undo, refuse and skip some cards; return the median and the longest of what each took."""
    taken: dict[str, list[float]] = {"act": [], "card": []}
    for number in range(ACTIONS):
        seconds, page = timed(lambda number=number: client.get(f"/card?at={number}"))
        taken["card"].append(seconds)
        seen = dict(re.findall(r'data-row="(\d+)" data-stamp="(\w+)"', page.text))
        order = {
            "verb": ("name", "stranger", "refuse")[number % 3],
            "seen": seen,
            "name": f"New_{number}",
            "lane": "unknown",
        }
        for path, content in (("/api/act", order), *([("/api/undo", {})] if number % 4 == 0 else [])):
            seconds, answer = timed(lambda path=path, content=content: client.post(path, json=content))
            assert answer.status_code == 200, answer.text
            taken["act"].append(seconds)
    found = {name: float(np.median(seconds)) for name, seconds in taken.items()}
    return {**found, **{f"{name}_longest": max(seconds) for name, seconds in taken.items()}}


def thumbnails(client: TestClient, page: str) -> None:
    """Ask for a card's faces one after the other, as they stand in the page."""
    for address in re.findall(r'src="(/faces/[^"]+)"', page):
        assert client.get(address).status_code == 200


def swept(site: Site) -> None:
    """Add rows, as another process's sweep does."""
    with editing(site.facelist) as facelist:
        for number in range(500):
            row = facelist[number + 1]
            facelist.append(row.changed(frame=FrameKey(row.frame.date, "f" * 32, START + timedelta(seconds=number))))


def table(found: dict[str, Any]) -> str:
    """Return the figures as lines."""
    return "\n".join(f"{name:>20}: {value:,}" for name, value in found.items())


if __name__ == "__main__":
    main()
