"""Takes targets back to the version they ran before, verified as a deployment is."""

from __future__ import annotations

from collections.abc import Sequence

from deepthink.deployment.base import Target
from deepthink.deployment.deploy import Outcome
from deepthink.errors import DeploymentError, StepError


def roll_back(targets: Sequence[Target]) -> list[Outcome]:
    """Go back one version on each target; rolling back twice goes back two.

    The version to go to is verified first: a target never leaves a version that runs for one that does not.

    Raises
    ------
    DeploymentError
        A target has nothing to go back to; no target was changed.
    """
    without = [target.name for target in targets if target.previous() is None]
    if without:
        raise DeploymentError(f"{', '.join(without)} ran no other version before: there is nothing to roll back to.")
    return [_back_one(target) for target in targets]


def _back_one(target: Target) -> Outcome:
    try:
        with target.claimed():
            return _step_back(target)
    except (DeploymentError, StepError, OSError) as error:
        return Outcome(target.name, None, None, False, 0, str(error), reached=False)


def _step_back(target: Target) -> Outcome:
    former, version = target.current(), target.previous()
    try:
        answered = target.verify(str(version))
        target.step_back()
        return Outcome(target.name, target.current(), former, True, answered)
    except (DeploymentError, OSError) as error:
        return Outcome(target.name, target.current(), former, False, 0, str(error))
