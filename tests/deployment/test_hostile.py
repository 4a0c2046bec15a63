"""Nodes that lie, deployers that are interrupted, others that meddle: no node is left half, no trainer taken over."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from deepthink.deployment import connection
from deepthink.deployment.connection import Connection, read_answer
from deepthink.deployment.deploy import deploy
from deepthink.deployment.local import LocalTarget
from deepthink.deployment.login import Login
from deepthink.deployment.plan import Plan
from deepthink.deployment.remote import RemoteTarget
from deepthink.deployment.rollback import roll_back
from deepthink.errors import DeploymentError
from tests.deployment.test_local import introduce, registry, roll_out, running, spoil
from tests.deployment.test_rollout import Stubborn, doors, roll

__all__ = ["registry"]  # a fixture


class Liar(RemoteTarget):
    """A node that answers what it likes."""

    def __init__(self, folder, **answers):
        super().__init__("liar", folder)
        self.answers, self.lost = {"facts": {"python": "3.11", "clock": 0, "numpy": "2.0"}, **answers}, False

    def _connect(self):
        return self

    def ask(self, do, seconds=0, **what):
        return read_answer(self.name, do, json.dumps({"ok": self.answers.get(do)}))

    def put(self, path, size):
        raise AssertionError("nothing is to be sent")

    def close(self):
        pass

    def _check_facts(self, connection):
        connection.ask("facts")


def test_a_node_cannot_name_the_files_that_are_written_here(registry, tmp_path):
    papers = {str(tmp_path / "taken"): "mine", "../../taken": "mine", "manifest.yaml": "x"}
    liar = Liar(tmp_path, papers=papers, state={"current": "alpha", "history": ["alpha"]}, free=10**9)
    introduce(registry, liar)
    with pytest.raises(DeploymentError):
        liar.verify("alpha")
    liar.survey(registry.manifest("alpha"))
    assert not list(tmp_path.parent.glob("**/taken"))


@pytest.mark.parametrize("name", ["../../evil", "a\x1b[2J", "", ["alpha"], {"a": 1}, 7])
def test_a_node_cannot_bring_a_name_into_the_ledger(tmp_path, name):
    liar = Liar(tmp_path, state={"current": name, "history": [name]})
    for asked in (liar.current, liar.history, liar.previous):
        with pytest.raises(DeploymentError, match="as a version"):
            asked()


@pytest.mark.parametrize("line", ["", "5", "null", "[1]", "{}", '{"ok": 5}', "[" * 100_000, "garbage", '{"ok": [1]}'])
def test_what_is_no_answer_is_refused(line):
    with pytest.raises(DeploymentError, match="is none"):
        read_answer("porch", "state", line)


def test_what_a_node_says_cannot_move_the_cursor():
    with pytest.raises(DeploymentError) as refused:
        read_answer("porch", "state", json.dumps({"error": "\x1b[2Jgone\x07"}))
    assert str(refused.value).isprintable()


def test_an_endless_answer_is_cut(monkeypatch):
    monkeypatch.setattr(connection, "LONGEST", 10_000)
    talk = f"echo '{connection.READY}'; head -c 20000 /dev/zero | tr '\\0' x; sleep 5"
    asked = Connection("porch", ["sh", "-c", f"(cat > /dev/null) & {talk}"])
    assert asked.start()
    with pytest.raises(DeploymentError, match="connection was lost"):
        asked.ask("state")


def test_no_configuration_can_weaken_the_check_of_host_keys(tmp_path):
    config = tmp_path / "config"
    config.write_text("Host *\n StrictHostKeyChecking no\n KnownHostsCommand /bin/true\n GlobalKnownHostsFile /x\n")
    command = [word for word in Login("porch", tmp_path / "known").command("x") if word != "-T"]
    told = subprocess.run(
        [command[0], "-G", "-F", str(config), *command[1:-1]], capture_output=True, text=True, check=True
    )
    said = dict(line.split(" ", 1) for line in told.stdout.splitlines() if " " in line)
    assert (said["stricthostkeychecking"], said["globalknownhostsfile"]) == ("true", "/dev/null")
    assert said.get("knownhostscommand", "none") == "none"


def test_a_node_that_went_back_by_itself_is_not_taken_back_once_more(registry, node):
    """It runs a damaged beta2: staged anew, its service does not come up, and the node goes back to alpha."""
    target = node.target(restart="! readlink 'versions here/current' | grep beta2")
    running(registry, node.target(), "alpha", "beta2")
    spoil(node.place / "versions" / "beta2" / "recogniser_beta2.npz")
    (outcome,) = roll_out(registry, "beta2", target)
    assert "it was put back on alpha" in outcome.error
    assert (outcome.version, target.current(), outcome.verified) == ("alpha", "alpha", True)


class Meddled(LocalTarget):
    """Somebody else deploys there after us."""

    other = None

    def verify(self, version):
        answered = super().verify(version)
        if self.current() == "beta2" and self.other:
            other, self.other = self.other, None
            other(self)
        return answered


def test_what_somebody_else_has_deployed_since_is_left(registry, tmp_path):
    target, gate = Meddled("door", tmp_path / "door"), Stubborn("gate", tmp_path / "gate")
    running(registry, target, "alpha")
    target.other = lambda own: running(registry, LocalTarget("door", own.folder), "gamma3")
    outcomes = roll(registry, "beta2", [target, gate], Plan())
    assert target.current() == "gamma3"
    assert "somebody else" in outcomes[0].error
    assert not outcomes[0].reverted


class Broken(LocalTarget):
    """Fails in a way that nobody foresaw."""

    def stage(self, folder, manifest):
        raise KeyError("size")


def test_a_failure_that_nobody_foresaw_takes_the_others_back_too(registry, tmp_path):
    targets = [*doors(tmp_path, 1), Broken("gate", tmp_path / "gate")]
    running(registry, targets[0], "alpha")
    outcomes = roll(registry, "beta2", targets, Plan())
    assert "KeyError" in outcomes[1].error
    assert (targets[0].current(), outcomes[0].reverted) == ("alpha", True)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), SystemExit(1), BrokenPipeError()])
def test_what_cannot_be_told_or_noted_ends_no_rollout(registry, tmp_path, error):
    def fails(*words):
        raise error

    targets = doors(tmp_path, 2)
    outcomes = roll(registry, "alpha", targets, Plan(), progress=fails, done=fails)
    assert [(one.version, one.verified, one.error) for one in outcomes] == [("alpha", True, "")] * 2


def test_an_interrupted_rollout_puts_back_what_it_has_changed(registry, tmp_path):
    targets = doors(tmp_path, 3)
    for target in targets:
        running(registry, target, "alpha")

    def interrupt(name, stage):
        if (name, stage) == ("door1", "staging"):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.5)  # what is being done goes on meanwhile

    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(DeploymentError, match=r"Interrupted\. door0 runs alpha; door1 runs alpha"):
            roll(registry, "beta2", targets, Plan(1, 1), progress=interrupt)
    finally:
        signal.signal(signal.SIGINT, former)
    assert [target.current() for target in targets] == ["alpha"] * 3


class Obstinate(LocalTarget):
    """Says that it has switched."""

    def switch(self, version):
        pass


def test_a_target_that_says_it_has_switched_and_has_not_is_no_success(registry, tmp_path):
    target = Obstinate("door", tmp_path / "door")
    running(registry, LocalTarget("door", tmp_path / "door"), "alpha")
    (outcome,) = roll(registry, "beta2", [target], Plan())
    assert "took beta2, and runs alpha" in outcome.error
    assert outcome.version == "alpha"


DIES_WHILE_IT_PLACES = """
import os, signal, sys
from pathlib import Path
from deepthink.deployment.local import LocalTarget
from deepthink.registry.manifest import read_manifest
calls = 0
def hook(event, args):
    global calls
    if event == "os.rename":
        calls += 1
        if calls == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
folder = Path(sys.argv[2])
LocalTarget("door", Path(sys.argv[1])).stage(folder, read_manifest(folder))
"""


def test_a_kill_while_a_damaged_version_is_replaced_leaves_something_that_runs(registry, tmp_path):
    died, step = True, 0
    while died:
        step += 1
        target = LocalTarget("door", tmp_path / str(step))
        running(registry, target, "alpha")
        (target.path("alpha") / "manifest.yaml.sig").unlink()
        words = [str(target.folder), str(registry.get("alpha")), str(step)]
        done = subprocess.run([sys.executable, "-c", DIES_WHILE_IT_PLACES, *words], capture_output=True, check=False)
        died = done.returncode == -signal.SIGKILL
        assert died or done.returncode == 0, done.stderr
        model = target.folder / "current" / "facemodel.pickle"
        assert model.read_bytes() == b"a model for SentinelCam"
        (outcome,) = roll_out(registry, "alpha", target)
        assert (outcome.error, outcome.answered) == ("", 6)
        assert (target.folder / "current").readlink() == target.path("alpha").relative_to(target.folder)
    assert step > 4


def test_a_step_back_that_was_cut_off_starts_the_service_anew(registry, node):
    running(registry, node.target(), "alpha", "beta2")
    with pytest.raises(DeploymentError):
        node.target(restart="kill -9 $PPID").step_back()
    target = node.target(restart="echo again >> restarts")
    assert target.current() == "alpha"
    assert roll_out(registry, "alpha", target)[0].error == ""
    assert (node.home / "restarts").read_text() == "again\n"


def test_after_half_a_rollback_the_others_can_be_taken_there_too(registry, tmp_path):
    targets = [*doors(tmp_path, 1), Stuck("gate", tmp_path / "gate")]
    for target in targets:
        running(registry, target, "alpha", "beta2")
    outcomes = roll_back(targets)
    assert [target.current() for target in targets] == ["alpha", "beta2"]
    assert outcomes[1].error
    Stuck.stuck = False
    outcomes = roll_back(targets, "alpha")
    assert [(one.version, one.verified) for one in outcomes] == [("alpha", True)] * 2


class Stuck(LocalTarget):
    """Goes back only when it is not stuck."""

    stuck = True

    def step_back(self, to=None):
        if self.stuck:
            raise DeploymentError(f"{self.name}: stuck")
        return super().step_back(to)


def test_targets_that_ran_different_versions_are_not_rolled_back_as_one(registry, tmp_path):
    one, other = doors(tmp_path, 2)
    running(registry, one, "alpha", "gamma3")
    running(registry, other, "beta2", "gamma3")
    with pytest.raises(DeploymentError, match="door0 alpha, door1 beta2"):
        roll_back([one, other])
    assert (one.current(), other.current()) == ("gamma3", "gamma3")


def test_a_local_target_respects_a_claim_over_ansible(registry, tmp_path):
    from deepthink.deployment.node.lease import Lease

    (target,) = doors(tmp_path, 1)
    target.folder.mkdir()
    Lease(target.folder, "one").renew("")
    (outcome,) = roll_out(registry, "alpha", target)
    assert "another deployment is at it" in outcome.error
    os.truncate(target.folder / ".rollout.lease", 0)
    assert roll_out(registry, "alpha", target)[0].verified


def test_deploy_alone_needs_no_more_than_its_version(registry, tmp_path):
    own = {"door1": (registry.get("beta2"), registry.manifest("beta2"))}
    targets = doors(tmp_path, 2)
    introduce(registry, *targets)
    outcomes = deploy(registry.get("alpha"), registry.manifest("alpha"), targets, others=own)
    assert [one.version for one in outcomes] == ["alpha", "beta2"]
