"""What other systems hold, laid out as each lays it out, of real photographs."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from pathlib import Path

import cv2
import numpy as np

from deepthink.curation.facelist import Facelist
from deepthink.flow.wiring import Site
from deepthink.settings import load

ANN, BOB = "Amelie_Mauresmo", "Gray_Davis"  # whose photographs these are; each of the first six shows one face alone


def site_at(folder: Path, text: str = "") -> Site:
    """Make a site of nothing but settings."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "site.yaml").write_text(f"mirror: false\ndetection: {{detector: opencv}}\n{text}")
    return Site(load(folder))


def photographs(faces: Path, person: str, count: int = 3) -> list[Path]:
    """Return some photographs of a person."""
    return sorted((faces / "residents" / person).glob("*.jpg"))[:count]


def people_folder(root: Path, faces: Path, count: int = 3) -> Path:
    """Lay out a folder of two people."""
    for name, person in (("Ann", ANN), ("Bob", BOB)):
        (root / name).mkdir(parents=True)
        for path in photographs(faces, person, count):
            shutil.copy(path, root / name)
    return root


def crop(path: Path) -> np.ndarray:
    """Return nothing but the face of a photograph, as Frigate keeps it."""
    return cv2.imread(str(path))[50:115, 43:108]


def frigate(root: Path, faces: Path) -> Path:
    """Lay out a Frigate's media folder: two people, and what waits in `train`."""
    own = root / "clips/faces"
    ann, bob = photographs(faces, ANN, 5), photographs(faces, BOB, 4)
    for name, paths in (("Ann-Lee", ann[:3]), ("bob", bob[:3])):
        (own / name).mkdir(parents=True)
        for number, path in enumerate(paths):
            cv2.imwrite(str(own / name / f"{name}_{1700000000.5 + number}.webp"), crop(path))
    (own / "train").mkdir()
    cv2.imwrite(str(own / "train/1700000100.123456-k3x9ab-1700000103.25-Ann_Lee-0.93.webp"), crop(ann[3]))
    cv2.imwrite(str(own / "train/1700000200.123456-p0q8cd-1700000204.5-unknown-0.0.webp"), crop(ann[4]))
    cv2.imwrite(str(own / "train/1700000300.123456-zz81ef-1700000309.0-bob-0.71.webp"), crop(bob[3]))
    return root


def faceid(root: Path, faces: Path) -> Path:
    """Lay out a FaceID's data folder: two people, somebody unknown, and somebody ignored."""
    ann, bob = photographs(faces, ANN, 6), photographs(faces, BOB, 4)
    for person, name, paths in (("ann-lee", "Änn Lee", ann[:3]), ("bob", "bob", bob[:3])):
        own = root / "persons" / person
        (own / "_trimmed").mkdir(parents=True)
        for number, path in enumerate(paths):
            shutil.copy(path, own / f"{1700000000500 + number}_{number}.jpg")
        shutil.copy(paths[0], own / "_trimmed" / "1600000000000_9.jpg")
        (own / "meta.json").write_text(json.dumps({"name": name, "files": [], "favorite": True}))
        (own / "embeddings.npy").write_bytes(b"\x93NUMPY of another network")
    for where, path, told in (("unknowns", ann[5], '{"ts": 1700000100.5, "embedding": []}'), ("ignored", bob[3], "[")):
        (root / where).mkdir()
        shutil.copy(path, root / where / "u1.jpg")
        (root / where / "u1.json").write_text(told)
    return root


def double_take(root: Path, faces: Path) -> Path:
    """Lay out a double-take's storage folder: two people, matches, and the database that says who they are."""
    ann, bob = photographs(faces, ANN, 5), photographs(faces, BOB, 4)
    for name, paths in (("ann", ann[:3]), ("bob", bob[:3])):
        (root / "train" / name).mkdir(parents=True)
        for path in paths:
            shutil.copy(path, root / "train" / name)
    (root / "matches").mkdir()
    for file, path in (("a.jpg", ann[3]), ("b.jpg", bob[3]), ("c.jpg", ann[4])):
        shutil.copy(path, root / "matches" / file)
    (root / "config").mkdir()
    with contextlib.closing(sqlite3.connect(root / "database.db")) as database, database:
        database.execute(
            "CREATE TABLE match (id INTEGER PRIMARY KEY, filename, event JSON, response JSON, createdAt TIMESTAMP)"
        )
        for file, response in MATCHES:
            values = (file, '{"camera": "door"}', response, "2023-04-05T06:07:08Z")
            database.execute("INSERT INTO match (filename, event, response, createdAt) VALUES (?, ?, ?, ?)", values)
    return root


MATCHES = [
    ("a.jpg", json.dumps([
        {"detector": "compreface", "results": [
            {"name": "ann", "confidence": 91.5, "match": True, "box": {"top": 1, "left": 2, "width": 9, "height": 9}},
        ]},
        {"detector": "deepstack", "results": [{"name": "bob", "confidence": 60, "match": True}]},
    ])),
    ("b.jpg", json.dumps([{"detector": "compreface", "results": [{"name": "bob", "confidence": 20, "match": False}]}])),
    ("c.jpg", "[" * 100_000),
    ("../../../etc/passwd", json.dumps([{"results": [{"name": "ann", "confidence": 99, "match": True}]}])),
    ("d.jpg", json.dumps([{"results": 7}, 8, {"results": [9, {"name": ["ann"], "match": True}]}])),
]  # fmt: skip


def rows(site: Site):
    """Return the site's rows as name, status and number of faces."""
    found = {}
    for row in Facelist(site.facelist).rows.values():
        key = row.name, row.status.name
        found[key] = found.get(key, 0) + 1
    return found


def events(site: Site):
    """Return the names of all events, each as often as it is there."""
    return [event.event for date in site.datasink.dates() for event in site.datasink.events(date)]
