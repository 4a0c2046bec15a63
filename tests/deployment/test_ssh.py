"""An SSH target runs one whole, verified version, on a real sshd: what it takes, what it refuses, and what it says."""

import os
import subprocess
import sys

import numpy as np
import pytest

from deepthink.deployment.local import LocalTarget
from deepthink.deployment.rollback import roll_back
from deepthink.deployment.ssh import SshTarget
from deepthink.errors import DeploymentError
from deepthink.model.artifact import Recogniser, write_recogniser
from deepthink.model.classifier import Classifier
from deepthink.model.export import write_pickle
from deepthink.model.golden import ANSWERS, PROBES, write_golden
from deepthink.model.openset import Rule
from deepthink.model.platt import fit_pairwise_platt
from deepthink.registry.folder import FolderRegistry
from deepthink.registry.signing import Keys
from deepthink.testing.checks import check_target
from tests.deployment.nodes import make_key, running
from tests.deployment.test_local import registry, roll_out, spoil

__all__ = ["registry"]  # a fixture


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two versions with a support vector machine, and its export as SentinelCam reads it."""
    made = FolderRegistry(tmp_path_factory.mktemp("registry"), Keys(tmp_path_factory.mktemp("site") / "keys"))
    for version, seed in (("alpha", 0), ("beta2", 1)):
        train(made, version, np.random.default_rng(seed), tmp_path_factory.mktemp(version))
    return made


def train(registry, version, rng, folder):
    from sklearn.svm import SVC

    people = ("Ann", "Bob", "Cleo")
    centres = rng.normal(size=(3, 8))
    who = np.repeat([0, 1, 2], 20)
    faces = centres[who] + rng.normal(scale=0.4, size=(60, 8))
    svc = SVC(gamma=0.2, decision_function_shape="ovo").fit(faces, who)
    a, b = fit_pairwise_platt(svc.decision_function(faces), who)
    rule = Rule(people, centres.astype(np.float32), np.full(3, 2.0), 0.2)
    recogniser = Recogniser(rule, Classifier.of(svc, a, b), "x")
    write_recogniser(folder / f"recogniser_{version}.npz", recogniser)
    write_pickle(folder / f"facemodel_{version}.pickle", svc, a, b, people)
    write_golden(folder, recogniser, np.concatenate([faces, rng.normal(size=(10, 8))]))
    names = [f"recogniser_{version}.npz", f"recogniser_{version}.json", f"facemodel_{version}.pickle", PROBES, ANSWERS]
    registry.add(version, {name: folder / name for name in names}, {"created": f"2026-03-0{len(version)}"})


def versions(registry):
    return [(registry.get(name), registry.manifest(name)) for name in ("alpha", "beta2")]


@pytest.mark.parametrize("python", ["NumPy alone", "DeepThink and scikit-learn"])
def test_it_keeps_the_contract(trained, node, python):
    target = node.target(**({} if python == "NumPy alone" else {"python": sys.executable}))
    target.site_signers = trained.keys.signers
    check_target(target, versions(trained))


def test_a_local_target_keeps_the_same_contract(trained, tmp_path):
    target = LocalTarget("door", tmp_path / "door")
    target.site_signers = trained.keys.signers
    check_target(target, versions(trained))


def test_a_datasink_needs_no_numpy_and_receives_its_facelist(registry, node):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", node.folder / "bare"], check=True)
    bare = str(node.folder / "bare" / "bin" / "python")
    (refused,) = roll_out(registry, "alpha", node.target(python=bare))
    assert "has no NumPy" in refused.error
    sink = node.target(python=bare, receives=["facelist"])
    (outcome,) = roll_out(registry, "alpha", sink)
    assert (outcome.error, outcome.answered, sink.current()) == ("", 2, "alpha")
    assert (node.place / "current" / "facelist.csv").exists()
    assert not (node.place / "current" / "facemodel.pickle").exists()


def test_a_look_changes_nothing_and_says_what_would_be_copied(registry, node):
    target = node.target()
    target.site_signers = registry.keys.signers
    assert target.survey(registry.manifest("alpha")) > 500
    assert not node.place.exists()
    running(registry, target, "alpha")
    before = tree(node.home)
    assert target.survey(registry.manifest("alpha")) == 0
    assert tree(node.home) == before


def tree(folder):
    return {path: path.lstat().st_mtime_ns for path in folder.rglob("*") if path.name != ".rollout.lock"}


def test_deploying_again_changes_nothing_and_starts_nothing_anew(registry, node):
    target = node.target(restart="echo again >> restarts")
    roll_out(registry, "alpha", target)
    before = tree(node.home)
    (outcome,) = roll_out(registry, "alpha", target)
    assert (outcome.error, outcome.verified, outcome.answered) == ("", True, 6)
    assert tree(node.home) == before
    assert (node.home / "restarts").read_text() == "again\n"


def test_pictures_of_people_do_not_leave_the_registry(registry, node):
    running(registry, node.target(), "alpha")
    assert (node.place / "current" / "facemodel.pickle").read_bytes() == b"a model for SentinelCam"
    assert not list(node.home.rglob("*.html"))


def test_rolling_back_twice_goes_back_two_each_verified(registry, node):
    target = node.target(restart="true", healthy="test -e 'versions here/current/golden.json'")
    running(registry, target, "alpha", "beta2", "gamma3")
    outcomes = [*roll_back([target]), *roll_back([target])]
    assert [(one.version, one.verified, one.answered) for one in outcomes] == [("beta2", True, 6), ("alpha", True, 6)]
    assert target.previous() is None


def test_a_version_that_answers_wrongly_never_runs(registry, node):
    target = node.target()
    running(registry, target, "alpha")
    (outcome,) = roll_out(registry, "wrong", target)
    assert "golden probe 0" in outcome.error
    assert (target.current(), target.previous()) == ("alpha", None)


def test_a_version_that_somebody_else_signed_is_refused_on_the_node(registry, trained, node):
    target = node.target()
    running(registry, target, "alpha")
    (outcome,) = roll_out(trained, "beta2", target)
    assert "is signed by" in outcome.error
    assert (target.current(), [path.name for path in (node.place / "versions").iterdir()]) == ("alpha", ["alpha"])


def test_an_unknown_host_key_is_refused_with_what_to_do(registry, node):
    known = node.known_hosts.read_text()
    node.known_hosts.unlink()
    (outcome,) = roll_out(registry, "alpha", node.target())
    assert "SHA256:" in outcome.error
    assert "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" in outcome.error
    command = outcome.error.rpartition("When that is the same: `")[2].rstrip("`.")
    assert os.system(command) == 0
    assert node.known_hosts.read_text() == known
    assert roll_out(registry, "alpha", node.target())[0].verified


def test_another_host_key_than_before_is_refused(registry, node):
    make_key(node.folder / "another")
    node.know(node.folder / "another.pub")
    (outcome,) = roll_out(registry, "alpha", node.target())
    assert f"ssh-keygen -R '[127.0.0.1]:{node.port}'" in outcome.error
    assert (outcome.version, outcome.reached, node.place.exists()) == (None, False, False)


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ({"port": 1}, "cannot be reached"),
        ({"python": "/no/python"}, "/no/python does not run there"),
        ({"user": "nobody-of-that-name"}, "ssh-copy-id"),
    ],
)
def test_a_node_that_cannot_be_used_says_why(registry, node, setting, says):
    (outcome,) = roll_out(registry, "alpha", node.target(**setting))
    assert says in outcome.error
    assert not outcome.reached
    assert not node.place.exists()


def test_a_rollback_on_a_node_that_is_away_changes_no_other(registry, node, tmp_path):
    here = LocalTarget("door", tmp_path / "door")
    running(registry, here, "alpha", "beta2")
    with pytest.raises(DeploymentError, match="cannot be reached"):
        roll_back([here, node.target(port=1)])
    assert here.current() == "beta2"


def test_a_clock_that_is_off_by_a_year_is_refused_before_anything_is_touched(registry, node):
    node.script("date", "echo $(($(/bin/date +%s) - 366 * 86400))")
    (outcome,) = roll_out(registry, "alpha", node.target())
    assert "366 days behind" in outcome.error
    assert not node.place.exists()


def test_a_python_whose_numpy_does_not_load_is_refused_before_anything_is_touched(registry, node):
    (node.folder / "lib").mkdir()
    (node.folder / "lib" / "numpy.py").write_text("raise ImportError('libopenblas.so.0 is missing')")
    node.script("bare", f'PYTHONPATH="{node.folder}/lib" exec "{node.python}" "$@"')
    (outcome,) = roll_out(registry, "alpha", node.target(python="bare"))
    assert "libopenblas.so.0 is missing" in outcome.error
    assert not node.place.exists()


def test_a_scikit_learn_that_cannot_load_the_export_is_refused(registry, node):
    """The version's pickle is none; a node without scikit-learn does not care, one that has it does."""
    target = node.target()
    running(registry, target, "alpha")
    (node.folder / "lib" / "sklearn").mkdir(parents=True)
    (node.folder / "lib" / "sklearn" / "__init__.py").touch()
    node.script("newer", f'PYTHONPATH="{node.folder}/lib" exec "{node.python}" "$@"')
    (outcome,) = roll_out(registry, "beta2", node.target(python="newer"))
    assert "UnpicklingError" in outcome.error
    assert (outcome.version, target.current()) == ("alpha", "alpha")


class Worn(SshTarget):
    """A node whose disk spoils a byte between the copy and the check."""

    versions: object

    def _copy(self, version, paths):
        super()._copy(version, paths)
        (staged,) = Worn.versions.glob(".*.part")
        spoil(staged / f"facemodel_{version}.pickle")


def test_a_byte_that_changes_between_copy_and_check_is_found(registry, node):
    running(registry, node.target(), "alpha")
    Worn.versions = node.place / "versions"
    (outcome,) = roll_out(registry, "beta2", node.target(Worn))
    assert "hash differs" in outcome.error
    assert outcome.version == "alpha"
    assert [path.name for path in Worn.versions.iterdir()] == ["alpha"]


def test_a_version_that_was_damaged_on_the_node_is_staged_anew_and_started_anew(registry, node):
    target = node.target(restart="echo again >> restarts")
    running(registry, target, "alpha", "beta2")
    spoil(node.place / "versions" / "beta2" / "recogniser_beta2.npz")
    (outcome,) = roll_out(registry, "beta2", target)
    assert (outcome.error, outcome.verified, target.previous()) == ("", True, "alpha")
    assert (node.home / "restarts").read_text() == "again\n" * 3
