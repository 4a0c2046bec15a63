"""Lets a recogniser out into the registry, as a version that never changes."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from deepthink.errors import StepError, VersionExistsError
from deepthink.files import sha256
from deepthink.flow.mirror import follow
from deepthink.flow.version_files import VersionFiles, version_files
from deepthink.flow.wiring import Site
from deepthink.registry import links
from deepthink.registry.publish import enter, publish


def publish_site(site: Site, version: str) -> Path:
    """Publish a validated version; one that a killed run has published already is only entered in the ledger.

    Returns
    -------
    Path
        The version's folder in the registry.
    """
    site.ledger.check_publishable(version)
    files = version_files(site, version)
    verdict = _verdict(files)
    contents = _contents(site, files)
    try:
        figures = json.loads(files.figures.read_text(encoding="utf-8"))
        manifest = json.loads(files.recogniser.with_suffix(".json").read_text(encoding="utf-8"))
        facts = {
            "recogniser": _how(site, manifest),
            "embedder": manifest["embedder"],
            "training": figures,
            "verdict": _short(verdict),
            "target_nodes": [target.name for target in site.settings.targets],
        }
        folder = publish(version, contents, facts, site.registry, site.ledger)
    except VersionExistsError:
        folder = site.registry.get(version)
        if not _same(contents, site.registry.manifest(version)):
            raise
        enter(version, verdict, site.ledger)
    refresh_links(site)
    follow(site, version)
    return folder


def refresh_links(site: Site) -> None:
    """Let the links of the registry, where somebody has asked for them, say what the ledger says."""
    if links.present(site.registry.root):
        links.build(site.registry.root, site.ledger)


def _how(site: Site, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return how it decides and what its embeddings are of: without these a threshold is a number without a unit."""
    alignment = asdict(site.embedder.alignment) if site.embedder.fingerprint == manifest["embedder"] else {}
    kept = {key: value for key, value in alignment.items() if key != "points"}
    return {"rule": manifest["rule"], "metric": manifest["metric"], "alignment": kept}


def _verdict(files: VersionFiles) -> dict[str, Any]:
    try:
        verdict: dict[str, Any] = json.loads((files.proof / "verdict.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise StepError(f"{files.version} has no verdict. Run: deepthink validate {files.version}") from None
    return verdict


def _contents(site: Site, files: VersionFiles) -> dict[str, Path]:
    """Return everything that a version is made of; what is optional and absent is left out."""
    paths = [
        files.recogniser, files.recogniser.with_suffix(".json"), files.facemodel, files.baselines, files.executed,
        files.page, files.parameters, files.figures, files.split, files.facedata,
        files.strangers, *sorted(files.proof.iterdir()),
    ]  # fmt: skip
    contents = {path.name: path for path in paths if path.is_file()}
    return {**contents, f"facelist_{files.version}.csv": site.facelist}


def _short(verdict: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a verdict that a manifest carries; the whole of it is a file of the version."""
    return {key: verdict[key] for key in ("passed", "events", "fnir", "fpir", "mistaken", "gates")}


def _same(contents: dict[str, Path], manifest: dict[str, Any]) -> bool:
    """Whether a published version holds the same recogniser: it was this run's, killed before the ledger knew."""
    published = {entry["name"]: entry["sha256"] for entry in manifest["files"]}
    models = {name: path for name, path in contents.items() if name.startswith("recogniser_")}
    return all(published.get(name) == sha256(path) for name, path in models.items())
