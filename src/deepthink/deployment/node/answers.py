"""Loads a version with the node's own interpreter and asks it its golden probes.

Where DeepThink is installed its own check answers, as the recogniser there will. Elsewhere (a node that has only what
SentinelCam needs) the arrays are scored here, by NumPy and `platt.py`, which is sent along; and where scikit-learn is
found, SentinelCam's export must load, since that is what runs there, and give the same probabilities.
"""

from __future__ import annotations

import importlib.util
import json
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np

from deepthink.model.platt import couple, pairwise_decisions

CLOSE = 1e-5  # of probabilities and distances, between machines: that of model/golden.py
FORMAT = 1  # of model/artifact.py
CONTRADICTION = 0.5  # of model/openset.py


def main() -> None:
    """Check the folder that is named and print what was found as one line of JSON."""
    folder = Path(sys.argv[1])
    try:
        print(json.dumps({"answered": check(folder)}))
    except Exception as error:  # any: what a broken library raises is not known beforehand
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}))


def check(folder: Path) -> int:
    """Return how many probes were answered as they should be: all; an exception says which was not."""
    with np.load(folder / "golden.npz", allow_pickle=False) as file:
        probes = np.asarray(file["probes"], np.float64)
    if importlib.util.find_spec("deepthink"):
        from deepthink.model.golden import check_golden

        answered = check_golden(folder)
    else:
        answered = check_arrays(folder, probes)
    if importlib.util.find_spec("sklearn"):
        check_export(folder, probes)
    return answered


def check_arrays(folder: Path, probes: np.ndarray) -> int:
    """Score the arrays, and compare with the answers that the trainer gave."""
    expected = json.loads((folder / "golden.json").read_text(encoding="utf-8"))
    manifest, arrays = read(folder)
    if not expected or len(expected) != len(probes):
        raise ValueError(f"there are {len(probes)} golden probes and {len(expected)} answers")
    for number, (found, should) in enumerate(zip(decide(manifest, arrays, probes), expected)):  # noqa: B905 (3.8)
        numbers = abs(found[1] - should["probability"]), abs(found[2] - should["distance"])
        if found[0] != should["person"] or not max(numbers) <= CLOSE:
            raise ValueError(f"golden probe {number}: answered {found[0]}, should be {should['person']}")
    return len(expected)


def read(folder: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return a recogniser's manifest and arrays."""
    (path,) = folder.glob("recogniser_*.npz")
    manifest = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    if manifest["format"] != FORMAT:
        raise ValueError(f"its format is {manifest['format']}, this check reads {FORMAT}")
    with np.load(path, allow_pickle=False) as file:
        return manifest, {name: file[name] for name in file.files}


def decide(manifest: dict[str, Any], arrays: dict[str, np.ndarray], probes: np.ndarray) -> list[tuple]:
    """Return (person or None, probability, distance) of each probe, by the rule of model/openset.py."""
    people, answers = manifest["people"], []
    if not people:
        return [(None, 0.0, 9.999999)] * len(probes)
    shares = probabilities(manifest["classifier"], arrays, probes, len(people))
    for probe, share in zip(probes, shares):  # noqa: B905 (3.8)
        distances = np.sqrt(((probe - arrays["centroids"].astype(np.float64)) ** 2).sum(axis=1))
        near, first = int(distances.argmin()), int(share.argmax())
        refused = distances[near] > arrays["thresholds"][near] or share[near] < manifest["least_probability"]
        other = first != near and share[first] > CONTRADICTION and share[near] < CONTRADICTION
        answers.append((None if refused or other else people[near], float(share[near]), float(distances[near])))
    return answers


def probabilities(kind: Any, arrays: dict[str, np.ndarray], probes: np.ndarray, people: int) -> np.ndarray:
    """Return (probes, people): of the support vector machine, of a linear machine, or ones where nothing decides."""
    if not kind:
        return np.ones((len(probes), people))
    if "machine" in kind:
        scores = probes @ arrays["coef"].T + arrays["offset"]
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)
    vectors, dual, intercept, counts = (arrays[n] for n in ("support_vectors", "dual_coef", "intercept", "n_support"))
    decisions = pairwise_decisions(probes, vectors, dual, intercept, counts, kind["kernel"], kind["gamma"])
    return couple(decisions, arrays["prob_a"], arrays["prob_b"])


def check_export(folder: Path, probes: np.ndarray) -> None:
    """Load SentinelCam's export, whose hash was compared with what the trainer wrote, and ask it the same probes."""
    path = folder / "facemodel.pickle"
    if not path.exists():
        return
    with path.open("rb") as file:
        export = pickle.load(file)
    given = export["svm"].predict_proba(probes)
    manifest, arrays = read(folder)
    kind = manifest["classifier"]
    if list(export["labels"].classes_) != list(manifest["people"]) or not np.isfinite(given).all():
        raise ValueError("SentinelCam's facemodel.pickle knows other people than the recogniser")
    if kind and "kernel" in kind:
        off = np.abs(given - probabilities(kind, arrays, probes, len(manifest["people"]))).max()
        if not off <= CLOSE:
            raise ValueError(f"scikit-learn gives probabilities from facemodel.pickle that are {off:.1g} off")
