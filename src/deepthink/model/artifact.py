"""A recogniser as files: arrays (`.npz`, never pickled objects) and a JSON manifest beside them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from deepthink.errors import DamagedVersionError
from deepthink.files import replacing, sha256, write_json
from deepthink.model.classifier import Classifier
from deepthink.model.linear import Linear
from deepthink.model.openset import Rule
from deepthink.records import Identification

FORMAT = 1
RULE = "quality, distance to the nearest baseline, classifier"  # all three must agree (docs/decisions/decision-rule.md)
_CLASSIFIER = ("support_vectors", "dual_coef", "intercept", "n_support", "prob_a", "prob_b")
_LINEAR = ("coef", "offset")


@dataclass(frozen=True)
class Recogniser:
    """All that answers a probe, and what it was made with."""

    rule: Rule
    classifier: Classifier | Linear | None  # None when one person alone is enrolled
    embedder: str  # fingerprint of the embedder whose embeddings it understands
    calibration: dict[str, Any] = field(default_factory=dict)  # how the thresholds were set, and on how much

    @property
    def people(self) -> tuple[str, ...]:
        """Everyone it knows, sorted."""
        return self.rule.people

    def identify(self, probes: np.ndarray, usable: Sequence[bool] | None = None) -> list[Identification]:
        """Answer each probe, an embedding (probes, dimensions), with a person or with nobody."""
        return self.rule.decide(probes, usable, self.classifier.probabilities if self.classifier else None)


def nobody(fingerprint: str) -> Recogniser:
    """Return the recogniser of a site that has not enrolled anyone yet: every face is a stranger's."""
    return Recogniser(Rule((), np.zeros((0, 128), np.float32), np.zeros(0)), None, fingerprint)


def write_recogniser(path: Path, recogniser: Recogniser) -> None:
    """Write `path` (.npz) and its manifest (.json), the manifest last: without it there is no recogniser.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "recogniser.npz"
    >>> write_recogniser(file, Recogniser(Rule(("ann",), np.zeros((1, 128), np.float32), np.ones(1)), None, "x"))
    >>> read_recogniser(file).people
    ('ann',)
    """
    rule, classifier = recogniser.rule, recogniser.classifier
    arrays = {"centroids": np.asarray(rule.centroids, np.float32), "thresholds": np.asarray(rule.thresholds)}
    if classifier:
        names = _LINEAR if isinstance(classifier, Linear) else _CLASSIFIER
        arrays |= {name: getattr(classifier, name) for name in names}
    with replacing(path) as beside, beside.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    write_json(path.with_suffix(".json"), _manifest(path, recogniser))


def _manifest(path: Path, recogniser: Recogniser) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "arrays": {"name": path.name, "sha256": sha256(path)},
        "people": list(recogniser.people),
        "embedder": recogniser.embedder,
        "rule": RULE,
        "metric": "euclidean",
        "least_probability": recogniser.rule.least_probability,
        "classifier": _kind(recogniser.classifier),
        "calibration": recogniser.calibration,
    }


def _kind(classifier: Classifier | Linear | None) -> dict[str, Any] | None:
    if isinstance(classifier, Classifier):
        return {"kernel": classifier.kernel, "gamma": classifier.gamma, "C": classifier.C}
    return {"machine": classifier.machine} if classifier else None


def read_recogniser(path: Path) -> Recogniser:
    """Read a recogniser.

    Raises
    ------
    DamagedVersionError
        A file is absent, altered, or not of a format that this DeepThink reads.
    """
    try:
        manifest = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        _check(path, manifest)
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return _built(manifest, arrays)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise DamagedVersionError(f"{path} cannot be read as a recogniser: {error}") from None


def _check(path: Path, manifest: dict[str, Any]) -> None:
    if manifest["format"] != FORMAT:
        raise ValueError(f"its format is {manifest['format']}, this DeepThink reads {FORMAT}")
    if sha256(path) != manifest["arrays"]["sha256"]:
        raise ValueError("its arrays are not those its manifest names")


def _built(manifest: dict[str, Any], arrays: dict[str, np.ndarray]) -> Recogniser:
    people = tuple(manifest["people"])
    rule = Rule(people, arrays["centroids"], arrays["thresholds"], float(manifest["least_probability"]))
    if not len(people) == len(rule.centroids) == len(rule.thresholds):
        raise ValueError("its people, baselines and thresholds do not match")
    kind = manifest["classifier"]
    classifier = _classifier(kind, arrays) if kind else None
    return Recogniser(rule, classifier, manifest["embedder"], manifest["calibration"])


def _classifier(kind: dict[str, Any], arrays: dict[str, np.ndarray]) -> Classifier | Linear:
    if "machine" in kind:
        return Linear(str(kind["machine"]), *(arrays[name] for name in _LINEAR))
    numbers = [arrays[name] for name in _CLASSIFIER]
    return Classifier(str(kind["kernel"]), float(kind["gamma"]), float(kind["C"]), *numbers)
