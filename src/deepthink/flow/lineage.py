"""Where a version comes from: the versions before it, and the exact faces that it was made of."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepthink.curation.facelist import Facelist
from deepthink.embedding import facedata
from deepthink.errors import BadInputError
from deepthink.flow.wiring import Site


@dataclass(frozen=True)
class Face:
    """A face that a version knows, and where it was seen."""

    person: str
    date: str
    event: str
    time: str
    box: tuple[int, int, int, int]
    use: str  # "trained on", "asked" (kept from training, for validation) or "stranger"
    row: int | None  # of the version's facelist; None when it is not there
    picture: str  # where the picture lies; empty when the site does not have it any more


@dataclass(frozen=True)
class Lineage:
    """Where a version comes from."""

    version: str
    before: tuple[str, ...]  # the versions in production before it, the latest first
    files: dict[str, str]  # what it was made of, each with its sha256
    embedder: str
    faces: tuple[Face, ...]

    def people(self) -> dict[str, Counter[str]]:
        """Return how many faces of each person were put to which use."""
        found: dict[str, Counter[str]] = {}
        for face in self.faces:
            found.setdefault(face.person, Counter())[face.use] += 1
        return found


def lineage(site: Site, version: str, person: str | None = None) -> Lineage:
    """Follow a version back to its faces; every file on the way is compared with its hash first.

    Raises
    ------
    VersionNotFoundError, DamagedVersionError
    BadInputError
        It does not know such a person.
    """
    folder, manifest = site.registry.get(version), site.registry.manifest(version)
    hashes = {entry["name"]: entry["sha256"] for entry in manifest["files"]}
    used = ("recogniser_", "facedata_", "strangers_", "facelist_", "split_", f"{version}.yaml")
    faces = tuple(_faces(site, folder, version))
    if person and person not in {face.person for face in faces}:
        raise BadInputError(f"{version} knows nobody called {person}. Known: {', '.join(_names(faces))}.")
    return Lineage(
        version,
        tuple(_before(site, manifest)),
        {name: hashes[name] for name in hashes if name.startswith(used)},
        str(manifest.get("embedder", "")),
        tuple(face for face in faces if person in (None, face.person)),
    )


def _names(faces: Iterable[Face]) -> list[str]:
    return sorted({face.person for face in faces})


def _before(site: Site, manifest: dict[str, Any]) -> Iterable[str]:
    """Yield the versions that were in production when each was published; those that are gone end the line."""
    seen, held = set(), site.registry.versions()
    while (parent := manifest.get("previous_version")) and parent not in seen:
        seen.add(parent)
        yield str(parent)
        if parent not in held:
            return
        manifest = site.registry.manifest(str(parent))


def _faces(site: Site, folder: Path, version: str) -> Iterable[Face]:
    kept = set(json.loads(_text(folder / f"split_{version}.json") or "[]"))
    listed = Facelist(folder / f"facelist_{version}.csv")
    rows = {row.key: number for number, row in listed.rows.items()}
    for kind in ("facedata", "strangers"):
        path = folder / f"{kind}_{version}.hdf5"
        for key in facedata.read(path).keys if path.exists() else ():
            frame, box = facedata.frame_of(key)
            asked = f"{frame.date}|{frame.event}" in kept
            use = "stranger" if kind == "strangers" else "asked" if asked else "trained on"
            sides = (box.x1, box.y1, box.x2, box.y2)
            yield Face(
                key.split("/", 1)[0], frame.date, frame.event, frame.time.isoformat(timespec="microseconds"), sides,
                use, rows.get((frame, box)), _picture(site, frame),
            )  # fmt: skip


def _picture(site: Site, frame: Any) -> str:
    """Return where a picture lies, of datasinks that keep files."""
    place = getattr(site.datasink, "picture_path", None)
    path = place(frame) if place else None
    return str(path) if path and path.exists() else ""


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
