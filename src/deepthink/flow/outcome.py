"""How a run went, told from its lines in the journal: a verdict, and what a person is to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deepthink.flow.wiring import Site


def told(site: Site, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return outcome, sentence, version, verdict, and what each step took, of a run that has published a version."""
    version = str(entries[-1]["version"])
    verdict = site.registry.manifest(version)["verdict"]
    energy = [entry["watt_hours"] for entry in entries if entry.get("watt_hours") is not None]
    return {
        "outcome": "published",
        "says": _says(version, verdict),
        "version": version,
        "passed": bool(verdict["passed"]),
        "production": site.ledger.production() or "",
        "seconds": round(sum(float(entry["seconds"]) for entry in entries), 1),
        "steps": {entry["step"]: entry["seconds"] for entry in entries},
        "watt_hours": round(sum(energy), 2) if energy else None,
    }


def _says(version: str, verdict: Mapping[str, Any]) -> str:
    figures = ", ".join(f"{name} {_percent(verdict[key])}" for name, key in (("FNIR", "fnir"), ("FPIR", "fpir")))
    if verdict["passed"]:
        return f"{version} passed validation on {verdict['events']} events ({figures})."
    failed = "; ".join(f"{gate['name']}: {gate['found']}" for gate in verdict["gates"] if not gate["passed"])
    return f"{version} did not pass validation ({figures}). {failed}."


def _percent(rate: Any) -> str:
    share = rate.get("rate") if isinstance(rate, Mapping) else rate
    return "unknown" if share is None else f"{100 * float(share):.1f} %"
