"""Faces a second from photographs to embeddings, beside the `face_recognition` package and dlib, in one run.

    python benchmarks/embedding.py --faces ../shared/faces --json

Both sides do the same photographs in turns, so that what else the machine does falls on both. Their side is the package
`face_recognition` where it is installed, otherwise the very calls it makes on dlib-bin: HOG detection, one doubling,
five landmarks, chip, network. Each number of cores runs in a process that may use no more.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

CHUNK = 16


def main() -> None:
    asked = arguments()
    if asked.cores:
        print(json.dumps(measure(asked)))
        return
    found: dict[str, Any] = {}
    for cores in (1, 2):
        found[f"{cores} core" + "s" * (cores > 1)] = child(asked, "--cores", str(cores))
    found["memory"] = child(asked, "--cores", "2", "--only-memory")
    print(json.dumps(found, indent=2) if asked.json else table(found))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", type=Path, required=True, help="a folder of JPEG photographs of one face each")
    parser.add_argument("--photographs", type=int, default=160, help="how many both sides do")
    parser.add_argument("--memory-photographs", type=int, default=10_000, help="how many to measure the memory with")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--cores", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--only-memory", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def child(asked: argparse.Namespace, *more: str) -> Any:
    words = [sys.executable, __file__, "--faces", str(asked.faces), "--photographs", str(asked.photographs)]
    words += ["--memory-photographs", str(asked.memory_photographs), *more]
    return json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: asked.cores])
    paths = sorted(asked.faces.rglob("*.jpg"))
    if asked.only_memory:
        return memory(many(paths, asked.memory_photographs))
    chosen = paths[:: max(1, len(paths) // asked.photographs)][: asked.photographs]
    return {"embedding": embedding_alone(chosen), "from photographs": whole(chosen)}


def many(paths: list[Path], count: int) -> list[Path]:
    return [paths[at % len(paths)] for at in range(count)]


def memory(paths: list[Path]) -> dict[str, Any]:
    """Embed photographs with nothing else in the process, and report the most memory it held."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    embedded = sum(1 for _ in our_road()(paths))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"photographs": embedded, "peak resident MB": round(peak), "of which Python and NumPy": round(before)}


def embedding_alone(paths: list[Path]) -> dict[str, Any]:
    """Both networks, fed the same crops."""
    from deepthink.embedding.dlib import DlibReference, DlibResnet

    crops = np.stack(list(our_crops(paths)))
    ours, theirs = DlibResnet(), DlibReference()
    apart = np.abs(ours.embed(crops[:CHUNK]) - theirs.embed(crops[:CHUNK])).max()
    return {**in_turns(crops, ours.embed, theirs.embed), "largest difference": float(apart)}


def whole(paths: list[Path]) -> dict[str, Any]:
    """From JPEG files to embeddings, each side with its own detector."""
    road, (name, theirs) = our_road(), their_road()
    found: dict[str, list[np.ndarray]] = {"ours": [], "theirs": []}

    def ours(chunk: list[Path]) -> None:
        found["ours"] += [vector for _, vector in road(chunk)]

    ours(paths[:CHUNK])
    found["ours"].clear()
    figures = in_turns(paths, ours, lambda chunk: found["theirs"].extend(theirs(path) for path in chunk))
    both = [(a, b) for a, b in zip(found["ours"], found["theirs"], strict=True) if b is not None]
    apart = [float(np.linalg.norm(a - b)) for a, b in both]
    return {**figures, "reference": name, "faces the reference found": len(both), "mean distance": np.mean(apart)}


def in_turns(items: Any, ours: Callable[[Any], Any], theirs: Callable[[Any], Any]) -> dict[str, Any]:
    wall, cpu = {"ours": 0.0, "theirs": 0.0}, {"ours": 0.0, "theirs": 0.0}
    for start in range(0, len(items), 4 * CHUNK):
        for side, work in (("ours", ours), ("theirs", theirs)):
            began, used = time.perf_counter(), time.process_time()
            work(items[start : start + 4 * CHUNK])
            wall[side] += time.perf_counter() - began
            cpu[side] += time.process_time() - used
    per = 1000 / len(items)
    return {
        "ours, ms a face": round(wall["ours"] * per, 2),
        "theirs, ms a face": round(wall["theirs"] * per, 2),
        "ratio": round(wall["theirs"] / wall["ours"], 1),
        "CPU ratio": round(cpu["theirs"] / cpu["ours"], 1),
    }


def our_road() -> Callable[[list[Path]], Iterator[tuple[Path, np.ndarray]]]:
    from deepthink.flow.photographs import embed_photographs
    from deepthink.flow.wiring import Site
    from deepthink.settings import without_site

    site = Site(without_site(["mirror=false"]))  # the reference embeds each face once
    return lambda paths: embed_photographs(paths, site.make_detector, site.senses)


def our_crops(paths: list[Path]) -> Iterator[np.ndarray]:
    import cv2

    from deepthink.detection.align import DlibChip
    from deepthink.records import Box

    aligner = DlibChip()
    for path in paths:
        image = cv2.imread(str(path))
        height, width = image.shape[:2]
        middle = Box(round(0.25 * width), round(0.28 * height), round(0.75 * width), round(0.77 * height))
        yield aligner.align(image, middle)[0]


def their_road() -> tuple[str, Callable[[Path], np.ndarray | None]]:
    try:
        import face_recognition
    except (ImportError, SystemExit):
        return "the calls of face_recognition, on dlib-bin", their_calls()

    def embed(path: Path) -> np.ndarray | None:
        found = face_recognition.face_encodings(face_recognition.load_image_file(path))
        return found[0] if found else None

    return f"face_recognition {face_recognition.__version__}", embed


def their_calls() -> Callable[[Path], np.ndarray | None]:
    import cv2
    import dlib

    from deepthink import weights

    detector = dlib.get_frontal_face_detector()
    predictor = dlib.shape_predictor(str(weights.find("dlib-landmarks")))
    network = dlib.face_recognition_model_v1(str(weights.find("dlib-resnet")))

    def embed(path: Path) -> np.ndarray | None:
        image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        found = detector(image, 1)
        return np.array(network.compute_face_descriptor(image, predictor(image, found[0]), 1)) if found else None

    return embed


def table(found: dict[str, Any]) -> str:
    lines = []
    for cores in ("1 core", "2 cores"):
        for what, figures in found[cores].items():
            lines.append(
                f"{cores:8} {what:17} ours {figures['ours, ms a face']:7.2f} ms, theirs "
                f"{figures['theirs, ms a face']:7.2f} ms a face: {figures['ratio']:5.1f} times as fast"
            )
    lines.append(
        f"memory   {found['memory']['photographs']} photographs, at most {found['memory']['peak resident MB']} MB"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
