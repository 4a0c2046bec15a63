"""A rollout to several targets ends with all of them on one whole version, the old or the new, or says which is not."""

import threading

import pytest

from deepthink.deployment.deploy import deploy
from deepthink.deployment.local import LocalTarget
from deepthink.deployment.plan import Plan
from deepthink.deployment.rollback import roll_back
from deepthink.errors import DeploymentError
from tests.deployment.test_local import introduce, registry, running, spoil

__all__ = ["registry"]  # a fixture


class Stubborn(LocalTarget):
    """Takes no version but the one it has."""

    def switch(self, version):
        raise DeploymentError(f"{self.name}: the service did not come up")


class Watched(LocalTarget):
    """Counts how many are staged at once."""

    at_once = 0
    most = 0
    lock = threading.Lock()
    together: threading.Barrier

    def stage(self, folder, manifest):
        with Watched.lock:
            Watched.at_once += 1
            Watched.most = max(Watched.most, Watched.at_once)
        super().stage(folder, manifest)
        if self.name != "door0":
            Watched.together.wait(30)  # breaks unless the whole batch is here at the same time
        with Watched.lock:
            Watched.at_once -= 1


def doors(folder, count, kind=LocalTarget):
    return [kind(f"door{n}", folder / f"door{n}") for n in range(count)]


def roll(registry, version, targets, plan, **more):
    introduce(registry, *targets)
    return deploy(registry.get(version), registry.manifest(version), targets, plan=plan, **more)


def test_after_the_canary_a_batch_goes_at_once(registry, tmp_path):
    Watched.most, Watched.together = 0, threading.Barrier(2)
    targets = doors(tmp_path, 5, Watched)
    outcomes = roll(registry, "alpha", targets, Plan(canary=1, batch=2))
    assert [(one.target, one.version) for one in outcomes] == [(f"door{n}", "alpha") for n in range(5)]
    assert Watched.most == 2


def test_a_bad_canary_ends_the_rollout_before_the_others_hear_of_it(registry, tmp_path):
    targets = doors(tmp_path, 3)
    (outcome,) = roll(registry, "wrong", targets, Plan())
    assert "golden probe 0" in outcome.error
    assert [(tmp_path / f"door{n}").exists() for n in range(3)] == [True, False, False]


@pytest.mark.parametrize("revert", [True, False])
def test_a_failure_takes_the_others_back_or_leaves_them_as_chosen(registry, tmp_path, revert):
    targets = [*doors(tmp_path, 2), Stubborn("gate", tmp_path / "gate"), LocalTarget("late", tmp_path / "late")]
    for target in targets:
        running(registry, LocalTarget(target.name, target.folder), "alpha")
    told = []
    tell = lambda name, stage: told.append((name, stage))
    outcomes = roll(registry, "beta2", targets, Plan(1, 2, revert), progress=tell)
    runs = [target.current() for target in targets]
    assert runs == (["alpha"] * 4 if revert else ["beta2", "beta2", "alpha", "alpha"])
    assert "the service did not come up" in outcomes[2].error
    assert [one.reverted for one in outcomes] == ([True, True, False] if revert else [False] * 3)
    assert [one.version for one in outcomes] == runs[:3]
    assert [stage for name, stage in told if name == "late"] == ["waiting"]


def test_a_target_that_ran_it_before_the_rollout_is_not_taken_back(registry, tmp_path):
    targets = [LocalTarget("door", tmp_path / "door"), Stubborn("gate", tmp_path / "gate")]
    running(registry, targets[0], "alpha", "beta2")
    outcomes = roll(registry, "beta2", targets, Plan())
    assert targets[0].current() == "beta2"
    assert not outcomes[0].reverted


class Lost(LocalTarget):
    """Takes a version, and cannot be put back."""

    def step_back(self, to=None):
        raise DeploymentError(f"{self.name}: it cannot be reached")


def test_a_target_that_cannot_be_taken_back_is_said(registry, tmp_path):
    targets = [Lost("door", tmp_path / "door"), Stubborn("gate", tmp_path / "gate")]
    running(registry, LocalTarget("door", tmp_path / "door"), "alpha")
    outcomes = roll(registry, "beta2", targets, Plan())
    assert (outcomes[0].version, outcomes[0].reverted) == ("beta2", False)
    assert "it cannot be reached" in outcomes[0].error


def test_each_outcome_is_told_when_it_is_known(registry, tmp_path):
    targets, told = [*doors(tmp_path, 1), Stubborn("gate", tmp_path / "gate")], []
    outcomes = roll(registry, "alpha", targets, Plan(), done=told.append)
    assert [one.target for one in told] == ["door0", "gate", "door0"]
    assert told[2] == outcomes[0]
    assert (told[2].version, told[2].reverted) == (None, True)


def test_a_rollback_goes_to_any_earlier_version(registry, tmp_path):
    targets = doors(tmp_path, 2)
    for target in targets:
        running(registry, target, "alpha", "beta2", "gamma3")
    outcomes = roll_back(targets, "alpha")
    assert [(one.version, one.former, one.answered) for one in outcomes] == [("alpha", "gamma3", 6)] * 2
    assert [target.history() for target in targets] == [["alpha"], ["alpha"]]


def test_a_rollback_to_what_one_never_ran_changes_none(registry, tmp_path):
    one, other = doors(tmp_path, 2)
    running(registry, one, "alpha", "beta2")
    running(registry, other, "beta2", "gamma3")
    with pytest.raises(DeploymentError, match="door1 never ran alpha"):
        roll_back([one, other], "alpha")
    assert (one.current(), other.current()) == ("beta2", "gamma3")


def test_a_rollback_to_a_version_that_is_damaged_there_stays_where_it_is(registry, tmp_path):
    (target,) = doors(tmp_path, 1)
    running(registry, target, "alpha", "beta2", "gamma3")
    spoil(target.path("alpha") / "recogniser_alpha.npz")
    (outcome,) = roll_back([target], "alpha")
    assert (outcome.version, target.history()) == ("gamma3", ["alpha", "beta2", "gamma3"])
    assert "recogniser_alpha.npz" in outcome.error


def test_a_datasink_receives_its_facelist_alone(registry, tmp_path):
    sink = LocalTarget("data1", tmp_path / "data1", receives=["facelist"])
    (outcome,) = roll(registry, "alpha", [sink], Plan())
    assert (outcome.error, outcome.answered) == ("", 2)
    assert (sink.folder / "current" / "facelist.csv").read_text().startswith("date,event,timestamp")
    assert {path.name for path in sink.path("alpha").iterdir()} == {
        "facelist_alpha.csv", "facelist.csv", "manifest.yaml", "manifest.yaml.sig",
    }  # fmt: skip


def test_a_facelist_that_a_datapump_could_not_read_is_refused(registry, tmp_path):
    sink = LocalTarget("data1", tmp_path / "data1", receives=["facelist"])
    (outcome,) = roll(registry, "wrong", [sink], Plan())
    assert "facelist_wrong.csv has no column date" in outcome.error
    assert (outcome.version, sink.current()) == (None, None)
