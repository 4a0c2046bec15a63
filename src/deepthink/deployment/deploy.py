"""Rolls a version out: each target stages, verifies, switches, and verifies again, or is reverted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deepthink.deployment.base import Target
from deepthink.deployment.plan import Plan
from deepthink.errors import DeploymentError, StepError

Tell = Callable[[str, str], None]  # a target's name, and what is being done there
WAITING = "waiting"


@dataclass(frozen=True)
class Outcome:
    """What became of one target."""

    target: str
    version: str | None  # what it runs now; None: nothing, or not known where it was not reached
    former: str | None
    verified: bool
    answered: int  # golden probes, or rows of a list where no model is received
    error: str = ""
    reached: bool = True
    reverted: bool = False  # it took the version, and was put back because another did not


def deploy(
    folder: Path,
    manifest: dict[str, Any],
    targets: Sequence[Target],
    progress: Tell = lambda target, stage: None,
    plan: Plan = Plan(),
    done: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Put a version on targets: the canary first, then the others in batches; a failure ends the rollout.

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
        Called with a target's name and what is being done there, from several threads.
    plan : Plan, optional
        How many at a time, when, and whether a failure takes back all that were changed.
    done : callable, optional
        Called with each target's outcome when it is known.

    Returns
    -------
    list of Outcome
        One for each target that was begun, in their order.

    Raises
    ------
    DeploymentError
        The maintenance window is not open.
    """
    return in_batches(targets, lambda target: _deploy_one(folder, manifest, target, progress), plan, progress, done)


def in_batches(
    targets: Sequence[Target],
    work: Callable[[Target], Outcome],
    plan: Plan,
    progress: Tell = lambda target, stage: None,
    done: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Do something to targets as a plan has it; what is done to one goes on to its end even when another fails."""
    outcomes: list[Outcome] = []

    def whole(target: Target) -> Outcome:
        outcome = work(target)
        progress(target.name, (outcome.error and "failed") or "done")
        done(outcome)
        return outcome

    for target in targets:
        progress(target.name, WAITING)
    for group in plan.groups(targets):
        plan.check_open(len(outcomes), len(targets))
        with ThreadPoolExecutor(len(group)) as pool:
            outcomes += pool.map(whole, group)
        if any(outcome.error for outcome in outcomes):
            return _take_back(targets, outcomes, progress, done) if plan.revert else outcomes
    return outcomes


def _take_back(
    targets: Sequence[Target], outcomes: list[Outcome], progress: Tell, done: Callable[[Outcome], None]
) -> list[Outcome]:
    """Put back every target that was changed before one failed."""

    def back(target: Target, outcome: Outcome) -> Outcome:
        if outcome.error or outcome.version == outcome.former:
            return outcome
        try:
            with target.claimed():
                found = _revert(target, outcome.former, "", progress)
        except (DeploymentError, StepError, OSError) as error:
            found = replace(outcome, error=f"it could not be put back on {outcome.former}: {error}")
        found = replace(found, former=outcome.version, reverted=not found.error)
        done(found)
        return found

    with ThreadPoolExecutor(len(outcomes)) as pool:
        return list(pool.map(back, targets, outcomes))


def _deploy_one(folder: Path, manifest: dict[str, Any], target: Target, progress: Tell) -> Outcome:
    try:
        progress(target.name, "looking")
        with target.claimed():
            return _replace(folder, manifest, target, progress)
    except (DeploymentError, StepError, OSError) as error:
        return Outcome(target.name, None, None, False, 0, str(error), reached=False)


def _replace(folder: Path, manifest: dict[str, Any], target: Target, progress: Tell) -> Outcome:
    version, former = str(manifest["version"]), target.current()
    try:
        progress(target.name, "staging")
        target.stage(folder, manifest)
        progress(target.name, "verifying")
        target.verify(version)
        progress(target.name, "switching")
        target.switch(version)
        progress(target.name, "proving")
        answered = target.verify(str(target.current()))
        return Outcome(target.name, target.current(), former, True, answered)
    except (DeploymentError, OSError) as error:
        return _revert(target, former, str(error), progress)


def _revert(target: Target, former: str | None, error: str, progress: Tell) -> Outcome:
    """Put a target back on what it ran, and prove that too."""
    try:
        if target.current() == former:
            return Outcome(target.name, former, former, False, 0, error)
        progress(target.name, "reverting")
        target.step_back()
        answered = target.verify(former) if former else 0
        return Outcome(target.name, former, former, former is not None, answered, error)
    except (DeploymentError, OSError) as second:
        return _unproved(target, former, f"{error}; and after reverting: {second}" if error else str(second))


def _unproved(target: Target, former: str | None, error: str) -> Outcome:
    """Say what a target runs that could not be put back."""
    try:
        return Outcome(target.name, target.current(), former, False, 0, error)
    except (DeploymentError, OSError):
        return Outcome(target.name, None, former, False, 0, error, reached=False)
