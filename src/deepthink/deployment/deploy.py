"""Rolls a version out: each target stages, verifies, switches, and verifies again, or is reverted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deepthink.deployment.base import Target
from deepthink.deployment.plan import Plan
from deepthink.errors import DeploymentError, StepError

Tell = Callable[[str, str], None]  # a target's name, and what is being done there
Version = tuple[Path, dict[str, Any]]  # its folder in the registry, and its manifest
WAITING = "waiting"
MOST = 32  # targets at once, whatever is asked for


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
    others: Mapping[str, Version] | None = None,
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
    others : mapping, optional
        Versions of their own, by the names of the targets that get them instead.

    Returns
    -------
    list of Outcome
        One for each target that was begun, in their order.

    Raises
    ------
    DeploymentError
        The maintenance window is not open, or the rollout was interrupted; those that it had changed were put back.
    """
    tell = quietly(progress)

    def work(target: Target) -> Outcome:
        return _deploy_one(*(others or {}).get(target.name, (folder, manifest)), target, tell)

    return in_batches(targets, work, plan, tell, done)


def quietly(call: Callable[..., Any]) -> Callable[..., None]:
    """Return something to call that fails for nobody: a full disk or a closed terminal ends no rollout."""

    def called(*words: Any) -> None:
        with suppress(Exception, SystemExit):
            call(*words)

    return called


def in_batches(
    targets: Sequence[Target],
    work: Callable[[Target], Outcome],
    plan: Plan,
    progress: Tell,
    done: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Do something to targets as a plan has it; what is done to one goes on to its end even when another fails."""
    outcomes: list[Outcome] = []
    note = quietly(done)
    for target in targets:
        progress(target.name, WAITING)
    for group in plan.groups(targets):
        plan.check_open(len(outcomes), len(targets))
        found, interrupted = _at_once(group, lambda target: _whole(target, work, progress, note))
        outcomes += found
        if interrupted or any(outcome.error for outcome in outcomes):
            outcomes = _take_back(targets, outcomes, progress, note) if plan.revert else outcomes
            if interrupted:
                raise DeploymentError(f"Interrupted. {_standing(outcomes)}")
            return outcomes
    return outcomes


def _at_once(targets: Sequence[Target], work: Callable[[Target], Outcome]) -> tuple[list[Outcome], bool]:
    """Return what became of targets, and whether somebody wanted an end: what was begun is carried to its own."""
    interrupted = False
    with ThreadPoolExecutor(min(len(targets), MOST)) as pool:
        works = [pool.submit(work, target) for target in targets]
        try:
            wait(works)
        except KeyboardInterrupt:
            interrupted = True
        return [one.result() for one in works], interrupted


def _whole(target: Target, work: Callable[[Target], Outcome], progress: Tell, note: Callable[..., None]) -> Outcome:
    try:
        outcome = work(target)
    except Exception as error:  # whatever it was, the others must not stay as they are because of it
        outcome = _unproved(target, None, f"{target.name}: {type(error).__name__}: {error}")
    progress(target.name, "failed" if outcome.error else "done")
    note(outcome)
    return outcome


def _standing(outcomes: list[Outcome]) -> str:
    return "; ".join(f"{one.target} runs {one.version or 'nothing, or is not known'}" for one in outcomes)


def _take_back(
    targets: Sequence[Target], outcomes: list[Outcome], progress: Tell, note: Callable[..., None]
) -> list[Outcome]:
    """Put back every target that was changed before one failed."""
    changed = {one.target: one for one in outcomes if not one.error and one.version != one.former}
    chosen = [target for target in targets if target.name in changed]
    if not chosen:
        return outcomes
    found, _ = _at_once(
        chosen, lambda target: _whole(target, lambda t: _back(t, changed[t.name], progress), progress, note)
    )
    back = {one.target: one for one in found}
    return [back.get(one.target, one) for one in outcomes]


def _back(target: Target, outcome: Outcome, progress: Tell) -> Outcome:
    """Put one target back, unless somebody else has changed it since."""
    try:
        with target.claimed():
            runs = target.current()
            if runs != outcome.version:
                since = f"{target.name}: somebody else has made it run {runs} since"
                return replace(outcome, version=runs, error=since)
            found = _revert(target, outcome.version, outcome.former, "", progress)
    except (DeploymentError, StepError, OSError) as error:
        return replace(outcome, error=f"{target.name}: it could not be put back on {outcome.former}: {error}")
    return replace(found, former=outcome.version, reverted=not found.error)


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
        check_runs(target, version)
        return Outcome(target.name, version, former, True, target.verify(version))
    except (DeploymentError, OSError) as error:
        return _revert(target, version, former, str(error), progress)


def check_runs(target: Target, version: str) -> None:
    """Refuse a target that says it has switched, and runs something else; DeploymentError."""
    runs = target.current()
    if runs != version:
        raise DeploymentError(f"{target.name}: it took {version}, and runs {runs or 'nothing'}")


def _revert(target: Target, version: str | None, former: str | None, error: str, progress: Tell) -> Outcome:
    """Put a target back on what it ran where it runs what was put there, and prove what runs then.

    It may have gone back by itself: a second step would be one too far.
    """
    try:
        runs = target.current()
        if runs == former:
            return Outcome(target.name, former, former, False, 0, error)
        if runs == version:
            progress(target.name, "reverting")
            target.step_back(former)
            runs = target.current()
        answered = target.verify(runs) if runs else 0
        return Outcome(target.name, runs, former, runs is not None, answered, error)
    except (DeploymentError, OSError) as second:
        return _unproved(target, former, f"{error}; and after reverting: {second}" if error else str(second))


def _unproved(target: Target, former: str | None, error: str) -> Outcome:
    """Say what a target runs that could not be put back."""
    try:
        return Outcome(target.name, target.current(), former, False, 0, error)
    except Exception:  # it has shown already that it cannot be asked
        return Outcome(target.name, None, former, False, 0, error, reached=False)
