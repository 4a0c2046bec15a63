"""A target runs one whole, verified version, through damage, kills and rollbacks."""

import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from deepthink.deployment.deploy import deploy
from deepthink.deployment.local import LocalTarget
from deepthink.deployment.rollback import roll_back
from deepthink.errors import DeploymentError
from deepthink.model.artifact import Recogniser, write_recogniser
from deepthink.model.golden import ANSWERS, PROBES, write_golden
from deepthink.model.openset import Rule
from deepthink.registry.folder import FolderRegistry
from deepthink.registry.signers import trust
from deepthink.registry.signing import Keys

DIES_BEFORE_THE_LINK = """
import os, signal, sys
from pathlib import Path
from deepthink.deployment.local import LocalTarget
def hook(event, args):
    if event == "os.rename" and str(args[1]).endswith("current"):
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
target = LocalTarget("door", Path(sys.argv[1]))
target.step_back() if sys.argv[2] == "back" else target.switch(sys.argv[2])
"""
DIES_AFTER_THE_LINK = DIES_BEFORE_THE_LINK.replace('"current"', '"history.json"')


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """Three good versions, and `wrong`, whose golden answers are another's."""
    made = FolderRegistry(tmp_path_factory.mktemp("registry"), Keys(tmp_path_factory.mktemp("site") / "keys"))
    for number, version in enumerate(("alpha", "beta2", "gamma3", "wrong")):
        publish(made, version, number, tmp_path_factory.mktemp(version))
    return made


def publish(registry, version, seed, folder, **facts):
    rng = np.random.default_rng(seed)
    recogniser = Recogniser(
        Rule(("Ann", "Bob"), rng.normal(size=(2, 8)).astype(np.float32), np.array([3.0, 3.0])), None, "x"
    )
    write_recogniser(folder / f"recogniser_{version}.npz", recogniser)
    write_golden(folder, recogniser, rng.normal(size=(6, 8)))
    if version == "wrong":
        (folder / ANSWERS).write_text((folder / ANSWERS).read_text().replace('"distance": ', '"distance": 1'))
    (folder / f"facemodel_{version}.pickle").write_bytes(b"a model for SentinelCam")
    (folder / "notebook_train.html").write_text("faces of people")
    head = "day" if version == "wrong" else "date,event,timestamp"
    (folder / f"facelist_{version}.csv").write_text(f"{head}\n" + "2026-03-02,a,2026-03-02 08:00:00.000001\n" * 2)
    names = [f"recogniser_{version}.npz", f"recogniser_{version}.json", PROBES, ANSWERS, f"facemodel_{version}.pickle",
             "notebook_train.html", f"facelist_{version}.csv"]  # fmt: skip
    registry.add(version, {name: folder / name for name in names}, {"created": f"2026-03-0{seed + 1}", **facts})


@pytest.fixture
def target(tmp_path):
    return LocalTarget("door", tmp_path / "door")


def roll_out(registry, version, *targets):
    introduce(registry, *targets)
    return deploy(registry.get(version), registry.manifest(version), targets)


def introduce(registry, *targets):
    """Let targets know the site's public keys, as flow/wiring.py does."""
    for target in targets:
        target.site_signers = registry.keys.signers


def running(registry, target, *versions):
    """Make versions run without asking their golden probes, which takes a process each."""
    introduce(registry, target)
    for version in versions:
        target.stage(registry.get(version), registry.manifest(version))
        target.switch(version)


def spoil(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)


def test_a_deployed_version_runs_and_has_answered_its_probes(registry, target):
    (outcome,) = roll_out(registry, "alpha", target)
    assert (outcome.version, outcome.former, outcome.verified, outcome.answered) == ("alpha", None, True, 6)
    assert target.current() == "alpha"
    assert (target.folder / "current" / "facemodel.pickle").read_bytes() == b"a model for SentinelCam"


def test_pictures_of_people_do_not_leave_the_registry(registry, target):
    running(registry, target, "alpha")
    assert not list(target.folder.rglob("*.html"))


def test_deploying_again_what_runs_changes_no_history(registry, target):
    running(registry, target, "alpha", "beta2", "beta2")
    assert (target.current(), target.previous()) == ("beta2", "alpha")


def test_one_changed_byte_in_what_arrives_is_refused(registry, target, tmp_path):
    folder = shutil.copytree(registry.get("alpha"), tmp_path / "spoilt")
    introduce(registry, target)
    spoil(folder / "facemodel_alpha.pickle")
    with pytest.raises(DeploymentError, match=r"facemodel_alpha\.pickle"):
        target.stage(folder, registry.manifest("alpha"))
    assert list((target.folder / "versions").iterdir()) == []


@pytest.mark.parametrize(
    "name", ["recogniser_alpha.npz", "facemodel_alpha.pickle", PROBES, "manifest.yaml", "manifest.yaml.sig"]
)
def test_one_changed_byte_in_what_is_staged_is_refused(registry, target, name):
    introduce(registry, target)
    target.stage(registry.get("alpha"), registry.manifest("alpha"))
    spoil(target.path("alpha") / name)
    with pytest.raises(DeploymentError, match="alpha"):
        target.verify("alpha")


def test_a_version_that_was_damaged_on_the_target_is_staged_anew(registry, target):
    running(registry, target, "alpha")
    spoil(target.path("alpha") / "recogniser_alpha.npz")
    (outcome,) = roll_out(registry, "alpha", target)
    assert (outcome.error, outcome.verified) == ("", True)


def test_a_version_that_answers_wrongly_never_runs(registry, target):
    running(registry, target, "alpha")
    (outcome,) = roll_out(registry, "wrong", target)
    assert "golden probe 0" in outcome.error
    assert (target.current(), outcome.version, outcome.verified) == ("alpha", "alpha", False)


class Decaying(LocalTarget):
    """A target whose disk spoils a version at the moment it is switched to."""

    def switch(self, version):
        super().switch(version)
        if version == "beta2":
            spoil(self.path(version) / "recogniser_beta2.npz")


def test_a_target_that_fails_after_the_switch_is_put_back_and_proved(registry, tmp_path):
    target = Decaying("door", tmp_path / "door")
    running(registry, target, "alpha")
    (outcome,) = roll_out(registry, "beta2", target)
    assert "hash differs" in outcome.error
    assert (target.current(), target.previous()) == ("alpha", None)
    assert (outcome.version, outcome.verified, outcome.answered) == ("alpha", True, 6)


def test_a_first_deployment_that_fails_leaves_nothing_running(registry, tmp_path):
    target = Decaying("door", tmp_path / "door")
    (outcome,) = roll_out(registry, "beta2", target)
    assert outcome.error
    assert (outcome.version, target.current(), target.previous()) == (None, None, None)
    assert not (target.folder / "current").is_symlink()


def test_the_first_target_that_fails_ends_the_rollout(registry, tmp_path):
    first, second = LocalTarget("door", tmp_path / "door"), LocalTarget("porch", tmp_path / "porch")
    assert len(roll_out(registry, "wrong", first, second)) == 1
    assert not second.folder.exists()


def test_stepping_back_twice_goes_back_two(registry, target):
    running(registry, target, "alpha", "beta2", "gamma3")
    assert [target.step_back(), target.step_back()] == ["beta2", "alpha"]
    assert (target.current(), target.previous()) == ("alpha", None)


def test_a_version_deployed_again_steps_back_to_what_ran_before_it(registry, target):
    running(registry, target, "alpha", "beta2", "alpha")
    assert [target.step_back(), target.step_back()] == ["beta2", "alpha"]


def test_stepping_back_from_the_only_version_leaves_nothing_running(registry, target):
    running(registry, target, "alpha")
    assert target.step_back() is None
    assert target.current() is None
    running(registry, target, "beta2")
    assert target.previous() is None


def test_a_rollback_is_verified(registry, target):
    running(registry, target, "alpha", "beta2")
    (outcome,) = roll_back([target])
    assert (outcome.version, outcome.former, outcome.verified, outcome.answered) == ("alpha", "beta2", True, 6)


def test_a_rollback_never_leaves_a_version_that_runs_for_one_that_does_not(registry, target):
    running(registry, target, "alpha", "beta2")
    spoil(target.path("alpha") / "facemodel_alpha.pickle")
    (outcome,) = roll_back([target])
    assert outcome.error
    assert target.current() == "beta2"


def test_a_rollback_that_one_target_cannot_make_changes_none(registry, target, tmp_path):
    running(registry, target, "alpha", "beta2")
    with pytest.raises(DeploymentError, match="porch"):
        roll_back([target, LocalTarget("porch", tmp_path / "porch")])
    assert target.current() == "beta2"


def killed(script, target, what):
    done = subprocess.run([sys.executable, "-c", script, str(target.folder), what], check=False)
    assert done.returncode == -signal.SIGKILL


def test_a_kill_between_history_and_link_leaves_the_old_version(registry, target):
    running(registry, target, "alpha", "beta2")
    target.stage(registry.get("gamma3"), registry.manifest("gamma3"))
    killed(DIES_BEFORE_THE_LINK, target, "gamma3")
    assert (target.current(), target.previous()) == ("beta2", "alpha")
    target.switch("gamma3")
    assert (target.current(), target.previous()) == ("gamma3", "beta2")


def test_a_kill_between_link_and_history_of_a_step_back_still_goes_back_one(registry, target):
    running(registry, target, "alpha", "beta2", "gamma3")
    killed(DIES_AFTER_THE_LINK, target, "back")
    assert (target.current(), target.previous()) == ("beta2", "alpha")
    assert target.step_back() == "alpha"


@pytest.mark.parametrize("content", ["", "{}", "3", "[1", "\ufffd"])
def test_a_damaged_history_is_mended_by_what_runs(registry, target, content):
    running(registry, target, "alpha")
    (target.folder / "history.json").write_text(content)
    assert (target.current(), target.previous()) == ("alpha", None)
    running(registry, target, "beta2")
    assert target.previous() == "alpha"


def test_an_interpreter_that_is_not_there_is_a_failed_deployment(registry, tmp_path):
    target = LocalTarget("door", tmp_path / "door", python=str(tmp_path / "absent"))
    (outcome,) = roll_out(registry, "alpha", target)
    assert "could not be verified" in outcome.error
    assert target.current() is None


def staged(target, folder, registry):
    with pytest.raises(DeploymentError) as refused:
        target.stage(folder, registry.manifest("alpha"))
    assert list((target.folder / "versions").iterdir()) == []
    return str(refused.value)


def test_the_first_deployment_gives_a_target_the_public_keys_and_never_the_private_one(registry, target):
    running(registry, target, "alpha")
    assert target.signers.read_bytes() == registry.keys.signers.read_bytes()
    secret = registry.keys.private.read_bytes()
    assert not any(secret in path.read_bytes() for path in target.folder.rglob("*") if path.is_file())


def test_a_target_that_holds_no_public_key_takes_nothing(registry, target):
    assert "trusts nobody" in staged(target, registry.get("alpha"), registry)


def test_a_target_refuses_what_is_not_signed(registry, target, tmp_path):
    folder = shutil.copytree(registry.get("alpha"), tmp_path / "unsigned")
    (folder / "manifest.yaml.sig").unlink()
    introduce(registry, target)
    assert "is not signed" in staged(target, folder, registry)


def test_a_target_believes_the_keys_it_holds_and_not_those_that_the_deployer_brings(registry, target, tmp_path):
    running(registry, target, "beta2")
    shutil.rmtree(target.path("beta2"))
    (target.folder / "current").unlink()
    other = Keys(tmp_path / "other")
    other.make()
    folder = shutil.copytree(registry.get("alpha"), tmp_path / "foreign")
    other.sign(folder)
    target.site_signers = other.signers
    assert other.own().fingerprint in staged(target, folder, registry)
    trust(registry.keys.signers, other.own())
    target.hold(registry.keys.signers.read_text())
    target.stage(folder, registry.manifest("alpha"))
    assert target.path("alpha").is_dir()


def test_a_version_in_the_place_of_another_is_refused(registry, target):
    running(registry, target, "alpha", "beta2")
    shutil.rmtree(target.path("alpha"))
    shutil.copytree(target.path("beta2"), target.path("alpha"))
    (outcome,) = roll_back([target])
    assert "is that of beta2" in outcome.error
    assert target.current() == "beta2"


def test_a_version_that_was_never_staged_cannot_be_switched_to(registry, target):
    roll_out(registry, "alpha", target)
    with pytest.raises(DeploymentError, match="beta2 is not on it"):
        target.switch("beta2")
    assert target.current() == "alpha"
