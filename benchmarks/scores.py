"""Compare scores for telling residents from strangers: FNIR where 1 % of strangers are named, threshold set on them.

Every score sees the same draws of the same photographs; the threshold is set on the asked strangers themselves, so that
scores are compared and not ways of setting a threshold.

Example: python benchmarks/scores.py --faces ../shared/faces --seeds 10 --json
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.svm import SVC

from deepthink.flow.benchmark import read_album
from deepthink.flow.wiring import Site
from deepthink.model.openset import distances_to
from deepthink.settings import without_site
from deepthink.validation.identification import Draw, Protocol, draw

FPIR = 0.01
Score = Callable[[np.ndarray], np.ndarray]  # probes to (probes, people), greater is more alike


def _centroid(gallery: np.ndarray, who: np.ndarray) -> Score:
    means = np.array([gallery[who == person].mean(axis=0) for person in range(who.max() + 1)])
    return lambda probes: -distances_to(probes, means)


def _cosine(gallery: np.ndarray, who: np.ndarray) -> Score:
    middle = gallery.mean(axis=0)
    unit = lambda rows: (rows - middle) / np.linalg.norm(rows - middle, axis=1, keepdims=True)
    means = unit(np.array([gallery[who == person].mean(axis=0) for person in range(who.max() + 1)]))
    return lambda probes: unit(probes) @ means.T


def _nearest(k: int) -> Callable[[np.ndarray, np.ndarray], Score]:
    def made(gallery: np.ndarray, who: np.ndarray) -> Score:
        own = [gallery[who == person] for person in range(who.max() + 1)]
        mean_of = lambda away: np.sort(away, axis=1)[:, :k].mean(axis=1)
        return lambda probes: -np.stack([mean_of(distances_to(probes, faces)) for faces in own], axis=1)

    return made


def _margin(gallery: np.ndarray, who: np.ndarray) -> Score:
    machine = SVC(C=10, kernel="linear", decision_function_shape="ovo").fit(gallery, who)
    people = int(who.max()) + 1
    first, second = np.triu_indices(people, 1)

    def least(probes: np.ndarray) -> np.ndarray:
        duels = machine.decision_function(probes).reshape(len(probes), -1)
        scores = np.full((len(probes), people), np.inf)
        for pair, (one, other) in enumerate(zip(first, second, strict=True)):
            scores[:, one] = np.minimum(scores[:, one], duels[:, pair])
            scores[:, other] = np.minimum(scores[:, other], -duels[:, pair])
        return scores

    return least


def _together(weight: float) -> Callable[[np.ndarray, np.ndarray], Score]:
    def made(gallery: np.ndarray, who: np.ndarray) -> Score:
        far, margin = _centroid(gallery, who), _margin(gallery, who)
        return lambda probes: far(probes) + weight * margin(probes)

    return made


SCORES = {
    "distance to the mean": _centroid,
    "cosine to the centred mean": _cosine,
    "nearest photograph": _nearest(1),
    "mean of the 3 nearest": _nearest(3),
    "smallest margin of the SVM": _margin,
    "distance and a tenth of that margin": _together(0.1),
}


def miss_rate(score: Score, drawn: Draw, embeddings: np.ndarray, truth: np.ndarray) -> float:
    """Return FNIR where `FPIR` of the asked strangers have a score beyond the threshold."""
    own, others = score(embeddings[drawn.mated]), score(embeddings[drawn.nonmated])
    threshold = np.quantile(others.max(axis=1), 1 - FPIR, method="higher")
    found = (own.argmax(axis=1) == truth) & (own.max(axis=1) > threshold)
    return float(1 - found.mean())


def compare(faces: Path, seeds: int, protocol: Protocol, settings: list[str]) -> dict[str, list[float]]:
    """Return the FNIR of each score in each draw."""
    album = read_album(Site(without_site(settings)), faces, lambda done, total, what: None)
    rates: dict[str, list[float]] = {name: [] for name in SCORES}
    for seed in range(seeds):
        drawn = draw(album.people, protocol, seed)
        names, who = np.unique(album.people[drawn.gallery], return_inverse=True)
        truth = np.searchsorted(names, album.people[drawn.mated])
        for name, made in SCORES.items():
            score = made(album.embeddings[drawn.gallery], who)
            rates[name].append(miss_rate(score, drawn, album.embeddings, truth))
    return rates


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=Path, required=True, help="a folder of photographs named Name_0001.jpg")
    parser.add_argument("--seeds", type=int, default=10, help="draws")
    parser.add_argument("--enrol", type=int, default=10, help="photographs enrolled of each resident")
    parser.add_argument("--set", action="append", default=[], help="a setting, such as detection.detector=opencv")
    parser.add_argument("--json", action="store_true", help="as JSON")
    given = parser.parse_args()
    protocol = Protocol(24, given.enrol + 4, given.enrol, 4, reviewed=2)
    rates = compare(given.faces, given.seeds, protocol, given.set)
    if given.json:
        print(json.dumps(rates, indent=2))
        return
    for name, found in sorted(rates.items(), key=lambda item: np.mean(item[1])):
        error = 1.96 * np.std(found, ddof=1) / np.sqrt(len(found)) if len(found) > 1 else 1.0
        print(f"{name:38} FNIR {100 * np.mean(found):5.1f} % (+- {100 * error:.1f}) at {100 * FPIR:g} % FPIR")


if __name__ == "__main__":
    main()
