"""Rolls a version out: each target stages, verifies, switches, and verifies again, or is reverted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepthink.deployment.base import Target
from deepthink.errors import DeploymentError, StepError


@dataclass(frozen=True)
class Outcome:
    """What became of one target."""

    target: str
    version: str | None  # what it runs now; None: nothing, or not known where it was not reached
    former: str | None
    verified: bool
    answered: int  # golden probes
    error: str = ""
    reached: bool = True


def deploy(
    folder: Path,
    manifest: dict[str, Any],
    targets: Sequence[Target],
    progress: Callable[[str, str], None] = lambda target, stage: None,
) -> list[Outcome]:
    """Put a version on targets, one after the other; the first that fails is reverted and ends the rollout.

    The version is verified before the switch, so that a bad one is never run, and after it, because what counts is
    what runs. A target that runs the version already is verified and left as it is.

    Parameters
    ----------
    folder : Path
        The version's folder in the registry, already checked against its manifest.
    manifest : dict
        Its manifest.
    targets : sequence of Target
    progress : callable, optional
        Called with a target's name and what is being done there.

    Returns
    -------
    list of Outcome
        One for each target that was reached.
    """
    outcomes: list[Outcome] = []
    for target in targets:
        outcomes.append(_deploy_one(folder, manifest, target, progress))
        if outcomes[-1].error:
            break
    return outcomes


def _deploy_one(
    folder: Path, manifest: dict[str, Any], target: Target, progress: Callable[[str, str], None]
) -> Outcome:
    try:
        progress(target.name, "looking")
        with target.claimed():
            return _replace(folder, manifest, target, progress)
    except (DeploymentError, StepError, OSError) as error:
        return Outcome(target.name, None, None, False, 0, str(error), reached=False)


def _replace(folder: Path, manifest: dict[str, Any], target: Target, progress: Callable[[str, str], None]) -> Outcome:
    version, former = str(manifest["version"]), target.current()
    try:
        progress(target.name, "staging")
        target.stage(folder, manifest)
        progress(target.name, "verifying")
        target.verify(version)
        progress(target.name, "switching")
        target.switch(version)
        answered = target.verify(str(target.current()))
        return Outcome(target.name, target.current(), former, True, answered)
    except (DeploymentError, OSError) as error:
        return _revert(target, former, str(error), progress)


def _revert(target: Target, former: str | None, error: str, progress: Callable[[str, str], None]) -> Outcome:
    """Put a target back on what it ran, and prove that too."""
    try:
        if target.current() == former:
            return Outcome(target.name, former, former, False, 0, error)
        progress(target.name, "reverting")
        target.step_back()
        answered = target.verify(former) if former else 0
        return Outcome(target.name, former, former, former is not None, answered, error)
    except (DeploymentError, OSError) as second:
        return _unproved(target, former, f"{error}; and after reverting: {second}")


def _unproved(target: Target, former: str | None, error: str) -> Outcome:
    """Say what a target runs that could not be put back."""
    try:
        return Outcome(target.name, target.current(), former, False, 0, error)
    except (DeploymentError, OSError):
        return Outcome(target.name, None, former, False, 0, error, reached=False)
