"""The steps that let a recogniser out, and take it back: publish, deploy, rollback."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from deepthink.deployment.base import Target
from deepthink.deployment.deploy import Outcome, deploy
from deepthink.deployment.rollback import roll_back
from deepthink.errors import DeploymentError, GateError, SettingsError, StepError, VersionExistsError
from deepthink.files import locked, sha256
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


def deploy_site(
    site: Site, version: str, only: str | None, force: bool, progress: Callable[[str, str], None]
) -> list[Outcome]:
    """Put a published version on the site's targets; all of them ran it at the end, or an error says which did not.

    Raises
    ------
    GateError
        Its verdict does not allow it, and `force` is not set.
    DeploymentError
        A target failed, and was put back on what it ran.
    """
    folder, manifest = site.registry.get(version), site.registry.manifest(version)
    if not manifest["verdict"]["passed"] and not force and not site.ledger.approved(version):
        failed = [gate["name"] for gate in manifest["verdict"]["gates"] if not gate["passed"]]
        raise GateError(
            f"{version} failed validation ({', '.join(failed)}). Look at {folder / 'report.html'}; "
            f"let it pass all the same, and say why, with: deepthink versions approve {version} --why ..."
        )
    with locked(site.registry.root / "rollout"):
        site.ledger.check_deployable(version)
        outcomes = deploy(folder, manifest, _targets(site, only), progress)
        failures = [outcome for outcome in outcomes if outcome.error]
        if failures:
            runs = f" It runs {failures[0].version or 'nothing'} now." if failures[0].reached else ""
            raise DeploymentError(f"{failures[0].error}{runs}")
        if only is None:
            site.ledger.promote(version, why="deployed, forced" if force else "deployed")
            refresh_links(site)
    follow(site)
    return outcomes


def rollback_site(site: Site, only: str | None) -> list[Outcome]:
    """Take the site's targets back to the version they ran before."""
    with locked(site.registry.root / "rollout"):
        targets = _targets(site, only)
        for former in {target.previous() for target in targets}:
            if former is not None:
                site.ledger.check_deployable(former, whatever=True)
        outcomes = roll_back(targets)
        failures = [outcome for outcome in outcomes if outcome.error]
        if failures:
            runs = f" {failures[0].target} still runs {failures[0].version}." if failures[0].reached else ""
            raise DeploymentError(f"{failures[0].error}{runs}")
        if only is None and outcomes and outcomes[0].version:
            site.ledger.promote(outcomes[0].version, why="rolled back")
            refresh_links(site)
    follow(site)
    return outcomes


def send_keys(site: Site, only: str | None) -> list[str]:
    """Give the site's targets the public keys that the site trusts; the names of those targets."""
    if not site.keys.signers.exists():
        raise SettingsError(f"This site trusts nobody yet: {site.keys.signers} is absent. Run: deepthink keys make")
    with locked(site.registry.root / "rollout"):
        targets = _targets(site, only)
        for target in targets:
            target.hold(site.keys.signers.read_text(encoding="utf-8"))
    return [target.name for target in targets]


def _targets(site: Site, only: str | None) -> list[Target]:
    chosen = [target for target in site.targets if only in (None, target.name)]
    if not chosen:
        names = ", ".join(target.name for target in site.targets) or "none"
        raise SettingsError(f"There is no target {only!r}. Known: {names}.")
    return chosen
