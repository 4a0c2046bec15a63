"""A published version in MLflow's words: parameters, metrics and tags, all of them from its signed manifest."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from deepthink.files import sha256
from deepthink.registry.manifest import MANIFEST

VERSION, DIGEST = "deepthink.version", "deepthink.manifest"
MOST = 100  # parameters a run; MLflow takes no more at a time
LONGEST = 500  # characters of a parameter, in every MLflow
_NOT_IN_KEYS = re.compile(r"[^\w .:-]")  # MLflow takes a slash, too, and not everywhere
_PEOPLE = ("faces_per_person", "events_per_person", "left_out", "contest")  # of the manifest, which has their names


def parameters(folder: Path, manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return what a version was trained with: its parameter file, the classifier that won, how it decides, packages.

    Parameters
    ----------
    folder : Path
        Of the version, with `<version>.yaml`.
    manifest : mapping

    Examples
    --------
    >>> manifest = {"version": "alpha", "training_metrics": {"classifier": {"C": 10.0}}, "recogniser": {"rule": "all"}}
    >>> parameters(Path("absent"), manifest)
    {'classifier.C': '10.0', 'recogniser.rule': 'all'}
    """
    training = manifest.get("training_metrics") or {}
    held = {
        "train": _parameter_file(folder, str(manifest["version"])),
        "classifier": training.get("classifier"),
        "machine": training.get("machine"),
        **{key: manifest.get(key) for key in ("recogniser", "embedder", "environment")},
    }
    found = {key: str(value)[:LONGEST] for key, value in _flat(held) if value is not None}
    return dict(list(found.items())[:MOST])


def _parameter_file(folder: Path, version: str) -> dict[str, Any]:
    """Return the parameters of the training; names of the version's own files are of no interest."""
    try:
        held = YAML(typ="safe").load((folder / f"{version}.yaml").read_text(encoding="utf-8"))
    except (OSError, ValueError, YAMLError):
        return {}
    plain = held.items() if isinstance(held, dict) else ()
    return {str(key): value for key, value in plain if version not in str(value)}


def metrics(manifest: Mapping[str, Any]) -> dict[str, float]:
    """Return what was measured in training and in validation; a gate is 1 when it was passed.

    Examples
    --------
    >>> fnir = {"count": 1, "total": 4, "rate": 0.25, "interval": [0.0, 0.5]}
    >>> metrics({"training_metrics": {"faces": 90}, "verdict": {"passed": True, "fnir": fnir}})
    ... # doctest: +NORMALIZE_WHITESPACE
    {'training.faces': 90.0, 'validation.fnir.count': 1.0, 'validation.fnir.total': 4.0, 'validation.fnir.rate': 0.25,
     'validation.fnir.interval.low': 0.0, 'validation.fnir.interval.high': 0.5}
    """
    training = {key: value for key, value in (manifest.get("training_metrics") or {}).items() if key not in _PEOPLE}
    verdict = dict(manifest.get("verdict") or {})
    gates = {f"gate.{gate['name']}": int(gate["passed"]) for gate in verdict.pop("gates", [])}
    flat = _flat({"training": {**training, "classifier": None}, "validation": {**verdict, **gates}})
    numbers = {key: float(value) for key, value in flat if isinstance(value, int | float) and value is not True}
    return {key: value for key, value in numbers.items() if math.isfinite(value)}


def tags(folder: Path, manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return what a version is: never changing, unlike where it stands."""
    verdict = manifest.get("verdict") or {}
    return {
        VERSION: str(manifest["version"]),
        DIGEST: sha256(folder / MANIFEST),
        "deepthink.verdict": "passed" if verdict.get("passed") else "failed",
        "deepthink.parent": str(manifest.get("previous_version") or ""),
        "deepthink.embedder": str(manifest.get("embedder", "")),
        "deepthink.published_by": str(manifest.get("published_by", "")),
    }


def made(manifest: Mapping[str, Any]) -> int:
    """Return when a version was made, in milliseconds; 0 when that is not known.

    Examples
    --------
    >>> made({"created": "1970-01-01T00:00:01+00:00"}), made({})
    (1000, 0)
    """
    try:
        return max(0, round(1000 * datetime.fromisoformat(str(manifest["created"])).timestamp()))
    except (KeyError, ValueError):
        return 0


def _flat(held: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Walk through nested values; a pair of numbers is an interval."""
    if isinstance(held, list) and len(held) == 2:
        held = {"low": held[0], "high": held[1]}
    if isinstance(held, Mapping):
        for name, value in held.items():
            yield from _flat(value, f"{key}.{_NOT_IN_KEYS.sub('_', str(name))}" if key else str(name))
    elif not isinstance(held, list):
        yield key, held
