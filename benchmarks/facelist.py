"""What a facelist's length costs: a sweep of 168 candidates, finding a row, changing one, embedding 168, in one run.

Example: python benchmarks/facelist.py --rows 1000 10000 50000 100000 --json

Every figure is the least of a few repetitions. The sweep and the embedding read, decode and cut out their pictures, as
SentinelCam's tasks do, and embed with nothing. `list` is the part of them that depends on the list, timed by itself:
reading it, looking 168 faces up, and replacing the file. SentinelCam's figures are those of docs/formats.md, 2, from a
machine of two cores too; the part of its sweep that depends on the list is taken as what it took longer than at 1,000.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from deepthink.curation.facelist import Eyes, Facelist, Listed, Row, Status, editing
from deepthink.curation.sentinelcam import sweep_faces
from deepthink.curation.sweep import sweep
from deepthink.datasink.base import Event, Mark
from deepthink.detection.align import DlibChip
from deepthink.detection.quality import QualityRules
from deepthink.flow.collect import on_all_cores
from deepthink.flow.enrol import embed_site
from deepthink.flow.wiring import Site
from deepthink.records import Alignment, Box, FrameKey
from deepthink.settings import load

DAY, START = "2026-03-02", datetime(2026, 3, 2, 8, 0, 0, 50631)
EVENTS, FACES = 28, 6  # 168 candidates
BOX = Box(200, 100, 340, 240)
LABEL = "Ann: 99.50% (0.500000|-0.100000|1|1)"
REPEAT = 3
ALIGNER = DlibChip()  # its landmarks' file is read once a process
THEIRS = {  # seconds: sweep of 168, get_idx, commit of one cell
    1_000: {"sweep": 3.6, "find": 0.0013, "change": 0.03},
    10_000: {"sweep": 5.0, "find": 0.0048, "change": 0.14},
    50_000: {"sweep": 7.9, "find": 0.0089, "change": 0.65},
}


class Nothing:
    """An embedder that costs nothing, so that the list's part can be seen."""

    name, fingerprint, alignment, size, dimensions = "nothing", "nothing:1", Alignment(), 150, 128

    def embed_crop(self, face: np.ndarray) -> np.ndarray:
        return np.zeros(128, np.float32)


def main() -> None:
    """Measure at each length and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 10_000, 50_000, 100_000])
    parser.add_argument("--photographs", type=Path, help="a folder of photographs of faces, instead of drawn grain")
    parser.add_argument("--json", action="store_true", help="as JSON")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        site = film(Path(folder), given.photographs)
        empty = measure(site, 0)
        rows = [compared(measure(site, count)) for count in given.rows]
    print(json.dumps({"empty": empty, "rows": rows}, indent=2) if given.json else table(empty, rows))


def film(folder: Path, album: Path | None = None) -> Site:
    """Write a site of one day: 28 events of 6 frames, each with one face that differs from all others."""
    photographs = iter(sorted(album.rglob("*.jpg"))[: EVENTS * FACES]) if album else None
    (folder / "site.yaml").write_text("rules: sentinelcam\n")
    site, rng = Site(load(folder)), np.random.default_rng(0)
    site.embedder = site.crop_embedder = Nothing()
    for number in range(EVENTS):
        start = START + timedelta(minutes=number)
        event = Event(DAY, f"{number:032x}", "alpha5/PiCam3", "alpha5", "PiCam3", start, 640, 480)
        times = [start + timedelta(seconds=second) for second in range(FACES)]
        for moment in times:
            path = site.datasink.picture_path(FrameKey(DAY, event.event, moment))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(photograph(next(photographs)) if photographs else picture(rng))
        site.datasink.write(event, "fr1", [Mark(moment, str(at), LABEL, BOX) for at, moment in enumerate(times)])
    return site


def picture(rng: np.random.Generator) -> bytes:
    """Return a JPEG of 640 by 480 with coarse grain, so that no two faces have hashes alike."""
    grain = rng.integers(0, 255, (24, 32, 3), dtype=np.uint8)
    return cv2.imencode(".jpg", cv2.resize(grain, (640, 480), interpolation=cv2.INTER_CUBIC))[1].tobytes()


def photograph(path: Path) -> bytes:
    """Return a frame of 640 by 480 in which a photograph of a face fills the box, as from a camera."""
    frame = np.full((480, 640, 3), 120, np.uint8)
    face = cv2.imread(str(path))
    side = 2 * BOX.width  # the photographs show as much around a face as the face itself
    left, top = (BOX.x1 + BOX.x2 - side) // 2, (BOX.y1 + BOX.y2 - side) // 2
    left, top = max(0, left), max(0, top)
    frame[top : top + side, left : left + side] = cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC)
    return cv2.imencode(".jpg", frame)[1].tobytes()


def listed(number: int, status: Status = Status.CANDIDATE) -> Row:
    """Return a row of another day."""
    key = FrameKey("2026-03-01", f"{number // FACES:032x}", START - timedelta(days=1, microseconds=31_000 * number))
    eyes = Eyes(38, 40, 70, 42, -358.6)
    return Row(key, number % 3, status, f"Person_{number % 40}", 0.9951, 0.558189, 0.024864, BOX, eyes, 74.73)


def measure(site: Site, count: int) -> dict[str, Any]:
    """Return seconds for a list of so many rows."""
    kept = site.settings.root / "kept.csv"
    write(kept, [listed(number) for number in range(count)])
    hashes = np.random.default_rng(1).integers(1, 2**63, count).astype(np.uint64)
    with site.facelist.with_suffix(".hashes.npy").open("wb") as file:
        np.save(file, hashes)
    kept_hashes = shutil.copyfile(site.facelist.with_suffix(".hashes.npy"), kept.with_suffix(".npy"))
    found: dict[str, Any] = {"rows": count, "mb": round(kept.stat().st_size / 1e6, 1)}

    def fresh() -> None:
        shutil.copyfile(kept, site.facelist)
        shutil.copyfile(kept_hashes, site.facelist.with_suffix(".hashes.npy"))

    found["sweep"] = least(lambda: swept(site), fresh)
    found["sweep_ours"] = least(lambda: swept_by_our_rules(site), fresh)
    found["sweep_list"] = least(lambda: list_part_of_sweep(site, count), fresh)
    if count:
        found["find_first"], found["find"] = search(kept, count)
        found["change"] = least(lambda: change(site, count), fresh)
    fresh()
    swept(site)
    with editing(site.facelist) as facelist:
        for number in range(count + 1, count + EVENTS * FACES + 1):
            facelist[number] = facelist[number].changed(status=Status.SELECTED)
    shutil.copyfile(site.facelist, kept)
    found["embed"] = least(lambda: embed_site(site, "beta1", False, lambda *_: None), fresh)
    found["embed_list"] = least(lambda: list_part_of_embed(site), fresh)
    return found


def write(path: Path, rows: list[Row]) -> None:
    """Write a facelist anew."""
    path.unlink(missing_ok=True)
    facelist = Facelist(path)
    for row in rows:
        facelist.append(row)
    facelist.write()


def least(work: Callable[[], Any], prepare: Callable[[], None]) -> float:
    """Return the least seconds of a few repetitions."""
    seconds = []
    for _ in range(REPEAT):
        prepare()
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def swept(site: Site) -> None:
    """Sweep by SentinelCam's rules; all candidates must be new."""
    report = sweep_faces(site.datasink, site.datasink.events(DAY), site.facelist, spread=on_all_cores)
    assert report.added == EVENTS * FACES


def swept_by_our_rules(site: Site) -> None:
    """Sweep by our rules; none may be left out."""
    events, quality = site.datasink.events(DAY), QualityRules(min_focus=0)
    report = sweep(site.datasink, events, site.facelist, ALIGNER, quality, spread=on_all_cores)
    assert report.added + report.alike + report.unusable == EVENTS * FACES, report


def list_part_of_sweep(site: Site, count: int) -> None:
    """Look 168 faces up in the list, and add them."""
    before = Facelist(site.facelist)
    known = {(one.name, one.frame, one.box) for one in before.listed({"2026-03-01"})}
    new = [listed(number) for number in range(count, count + EVENTS * FACES)]
    with editing(site.facelist, before=before) as facelist:
        for row in new:
            assert (row.name, *Listed.of(row.frame, row.box).face) not in known
            facelist.append(row)


def list_part_of_embed(site: Site) -> None:
    """Find the selected rows, and mark them."""
    assert len(Facelist(site.facelist).having(Status.SELECTED)) == EVENTS * FACES
    with editing(site.facelist) as facelist:
        for number, row in facelist.having(Status.SELECTED).items():
            facelist[number] = row.changed(status=Status.IN_USE, in_use_since=DAY)


def search(path: Path, count: int) -> tuple[float, float]:
    """Return the seconds of finding a first row, and any other, of a list that is in memory, as get_idx does."""
    facelist, seconds = Facelist(path), []
    for number in range(count - 1, max(0, count - 100), -1):
        row = listed(number)
        started = time.perf_counter()
        assert facelist.find(row.frame, row.objid) == number + 1
        seconds.append(time.perf_counter() - started)
    return seconds[0], float(np.median(seconds))


def change(site: Site, count: int) -> None:
    """Change one row on the disk, from reading the file to its replacement."""
    with editing(site.facelist) as facelist:
        facelist[count // 2] = facelist[count // 2].changed(status=Status.SELECTED)


def compared(row: dict[str, Any]) -> dict[str, Any]:
    """Add how many times less time ours take, where SentinelCam's figures are known."""
    theirs = THEIRS.get(row["rows"], {})
    ratios = {f"{task}_times": theirs[task] / row[task] for task in theirs}
    if theirs:
        ratios["list_times"] = (theirs["sweep"] - THEIRS[1_000]["sweep"]) / row["sweep_list"]
    return {**row, **{name: round(value, 1) for name, value in ratios.items()}}


def table(empty: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """Return the figures as lines, in milliseconds."""
    head = ["rows", "MB", "sweep", "of it list", "our sweep", "embed", "of it list", "find", "change"]
    names = ["sweep", "sweep_list", "sweep_ours", "embed", "embed_list", "find", "change"]
    lines = [" ".join(f"{word:>10}" for word in head)]
    for row in [empty, *rows]:
        cells = [f"{1000 * row[name]:>10,.3f}" if name in row else " " * 10 for name in names]
        lines.append(" ".join([f"{row['rows']:>10,}", f"{row['mb']:>10}", *cells]))
    for row in [row for row in rows if "list_times" in row and row["rows"] > 1_000]:
        lines.append(
            f"{row['rows']:,} rows against SentinelCam's: sweep {row['sweep_times']} times faster, its list part "
            f"{row['list_times']}, finding a row {row['find_times']}, changing one {row['change_times']}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
