"""Two versions side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from deepthink.flow.wiring import Site
from deepthink.registry import lanes

_FIGURES = ("people", "faces", "events", "strangers", "classifier", "seconds")
_RATES = {"fnir": "residents missed (FNIR)", "fpir": "strangers named (FPIR)", "mistaken": "residents mistaken"}


@dataclass(frozen=True)
class Line:
    """One thing that is compared."""

    what: str
    first: str
    second: str

    @property
    def differs(self) -> bool:
        """Whether it is not the same."""
        return self.first != self.second


def compare_versions(site: Site, first: str, second: str) -> list[Line]:
    """Return what two versions are, line by line.

    Raises
    ------
    VersionNotFoundError, DamagedVersionError
    """
    both = [_facts(site, version) for version in (first, second)]
    keys = dict.fromkeys([*both[0], *both[1]])
    return [Line(key, both[0].get(key, ""), both[1].get(key, "")) for key in keys]


def _facts(site: Site, version: str) -> dict[str, str]:
    manifest = site.registry.manifest(version)
    lane, entry = lanes.find(site.ledger.read(), version) or ("", {})
    training = manifest.get("training_metrics") or manifest.get("training") or {}
    facts = {
        "stands": lane, "deployed": entry.get("deployed", ""), "created": str(manifest.get("created", ""))[:19],
        "before it": manifest.get("previous_version") or "", **_judged(manifest.get("verdict") or {}),
        "embedder": manifest.get("embedder", ""),
        **{key: training[key] for key in _FIGURES if key in training},
        **{f"  {person}": f"{count} faces" for person, count in (training.get("faces_per_person") or {}).items()},
        **_parameters(site.registry.get(version) / f"{version}.yaml", version),
        **{f"{name}": value for name, value in (manifest.get("environment") or {}).items()},
        "size": f"{sum(int(file['size']) for file in manifest['files']) / 1e6:.1f} MB",
    }  # fmt: skip
    return {key: str(value) for key, value in facts.items()}


def _judged(verdict: Mapping[str, Any]) -> dict[str, str]:
    """Return the verdict, each rate with the counts that it is of, and the gates that did not open."""
    if not verdict:
        return {}
    rates = {words: _rate(verdict[key]) for key, words in _RATES.items() if key in verdict}
    failed = [str(gate["name"]) for gate in verdict.get("gates", []) if not gate["passed"]]
    return {"verdict": "passed" if verdict.get("passed") else "failed", **rates, "gates failed": ", ".join(failed)}


def _rate(rate: Mapping[str, Any]) -> str:
    return f"{100 * float(rate['rate']):.1f} % ({rate['count']}/{rate['total']})"


def _parameters(path: Path, version: str) -> dict[str, str]:
    """Return the parameters that it was trained with; names of its own files are of no interest."""
    try:
        held = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, YAMLError):
        return {}
    return {f"{key}:": str(value) for key, value in (held or {}).items() if version not in str(value)}
