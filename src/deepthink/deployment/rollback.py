"""Takes targets back to a version they ran before, verified as a deployment is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from deepthink.deployment.base import Target
from deepthink.deployment.deploy import MOST, Outcome, Tell, check_runs, in_batches, quietly
from deepthink.deployment.plan import Plan
from deepthink.errors import DeploymentError, StepError


def roll_back(
    targets: Sequence[Target],
    to: str | None = None,
    progress: Tell = lambda target, stage: None,
    plan: Plan = Plan(),
    done: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Go back one version on each target, or to one that it ran earlier; rolling back twice goes back two.

    The version to go to is verified first: a target never leaves a version that runs for one that does not. One that
    runs the named version already is verified and left as it is.

    Parameters
    ----------
    targets : sequence of Target
    to : str, optional
        A version that each target ran earlier; the one before when left out.
    progress, plan, done : optional
        As in `deploy`. A failure ends the rollback; what was taken back before stays so.

    Raises
    ------
    DeploymentError
        A target has nothing to go back to, or never ran that version, or is away, or they would go to different
        ones; no target was changed.
    """
    goals = _goals(targets, to)
    tell = quietly(progress)
    return in_batches(
        targets, lambda one: _back_one(one, goals[one.name], tell), Plan(plan.canary, plan.batch, False), tell, done
    )


def _goals(targets: Sequence[Target], to: str | None) -> dict[str, str]:
    """Return the version that each is to go to."""
    with ThreadPoolExecutor(max(1, min(len(targets), MOST))) as pool:
        ran = dict(zip([one.name for one in targets], pool.map(lambda one: one.history(), targets), strict=True))
    without = [name for name, history in ran.items() if (to not in history if to else len(history) < 2)]
    if without:
        what = f"never ran {to}" if to else "ran no other version before"
        raise DeploymentError(f"{', '.join(without)} {what}: there is nothing to roll back to.")
    goals = {name: to or history[-2] for name, history in ran.items()}
    if len(set(goals.values())) > 1:
        which = ", ".join(f"{name} {version}" for name, version in goals.items())
        raise DeploymentError(f"They ran different versions before: {which}. Name one: deepthink rollback VERSION.")
    return goals


def _back_one(target: Target, to: str, progress: Tell) -> Outcome:
    try:
        with target.claimed():
            return _step_back(target, to, progress)
    except (DeploymentError, StepError, OSError) as error:
        return Outcome(target.name, None, None, False, 0, str(error), reached=False)


def _step_back(target: Target, to: str, progress: Tell) -> Outcome:
    former = target.current()
    try:
        progress(target.name, "verifying")
        answered = target.verify(to)
        if former != to:
            progress(target.name, "switching")
            target.step_back(to)
            check_runs(target, to)
        return Outcome(target.name, to, former, True, answered)
    except (DeploymentError, OSError) as error:
        return Outcome(target.name, target.current(), former, False, 0, str(error))
