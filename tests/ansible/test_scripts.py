"""The two scripts that the role writes, run on a small simulated site."""

import os
import re
import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from deepthink.curation.facelist import Facelist
from deepthink.flow.collect import detect_site, recognise_site, sweep_site
from deepthink.flow.wiring import Site
from deepthink.settings import load
from deepthink.simulate.plan import drawn_plan, simulate
from deepthink.simulate.reviewer import review_by_truth
from tests.ansible.play import inventory, playbook

SCRIPTS = """
- hosts: ml_trainers
  gather_facts: false
  tasks:
    - import_role: {name: deepthink, tasks_from: scripts}
"""


def reviewed(folder):
    """A site whose faces have been reviewed: the next step is a training."""
    simulate(folder, drawn_plan(seed=3, residents=3, strangers=10).only("enrol", "validate"))
    site = Site(load(folder, ()))
    quiet = lambda done, total, what: None
    detect_site(site, None, False, quiet)
    recognise_site(site, site.in_production(), None, False, quiet)
    sweep_site(site, None, quiet)
    review_by_truth(site)
    assert Facelist(site.facelist).rows
    return site


def settings(site, folder, **said):
    """What the role is told, so that its scripts work on a site that is there already, in this environment."""
    me = {"deepthink_user": Path.home().owner(), "deepthink_group": Path.home().group()}
    return {
        **me, "deepthink_user_home": str(Path.home()), "deepthink_install_path": str(folder),
        "deepthink_site_path": str(site.settings.root), "deepthink_models_path": str(site.registry.root),
        "deepthink_data_path": str(site.training), "deepthink_venv_path": str(Path(sys.executable).parents[1]),
        **said,
    }  # fmt: skip


LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
HERE = inventory(ml_trainers={"trainer": LOCAL})


def write_scripts(site, folder, **said):
    """Let the role write its scripts into a folder."""
    for made in ("logs", "notebooks/output"):
        (folder / made).mkdir(parents=True)
    (folder / "scripts.yaml").write_text(SCRIPTS)
    written = playbook(folder, folder / "scripts.yaml", HERE, **settings(site, folder, **said))
    assert written.well, written.text[-3000:]
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return reviewed(tmp_path_factory.mktemp("a site") / "of ours")


@pytest.fixture(scope="module")
def scripts(site, tmp_path_factory):
    return write_scripts(site, tmp_path_factory.mktemp("scripts") / "an install")


@pytest.fixture(scope="module")
def trained(scripts):
    """What the training script printed; it was given no version."""
    done = run(scripts, "train_face_model.sh")
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


def run(scripts, name, *words, **settings):
    """Run a script; what is searched does not matter here, so little is."""
    env = {**os.environ, "DEEPTHINK_TRAIN__PRESET": "quick", **settings}
    return subprocess.run(
        [scripts / name, *words],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env, timeout=600, check=False,
    )  # fmt: skip


def test_training_makes_a_published_version_of_today_and_says_the_next_step(site, scripts, trained):
    (today,) = site.registry.versions()
    assert abs(date.fromisoformat(today) - date.today()) <= timedelta(days=1)  # it may have become midnight
    assert site.ledger.lane(today) == "validated"
    assert f"Next: {scripts}/deploy_model.sh facemodel_{today}\n" in trained
    assert re.findall(r"(?m)^--- (\w+)$", trained) == ["embed", "train", "validate", "publish"]


def test_what_was_printed_is_in_the_log_and_the_notebook_is_kept(site, scripts, trained):
    (today,) = site.registry.versions()
    assert (scripts / f"logs/training_{today}.log").read_text() == trained
    assert trained.splitlines()[-1].endswith(f"with exit code 0. Log: {scripts}/logs/training_{today}.log")
    kept = {path.name for path in (scripts / "notebooks/output").iterdir()}
    assert kept == {f"facemodel_{today}.ipynb", f"facemodel_{today}.html"}


def test_deploying_puts_it_on_every_target(site, scripts, trained):
    (today,) = site.registry.versions()
    done = run(scripts, "deploy_model.sh", f"facemodel_{today}")
    assert done.returncode == 0, done.stdout
    assert (site.settings.root / "targets/sentinel1/current").resolve().name == today
    assert f"{today} is deployed and verified" in done.stdout


def test_a_second_version_of_the_day_gets_a_number_and_a_published_one_is_refused(site, scripts, trained):
    (today,) = site.registry.versions()
    refused = run(scripts, "train_face_model.sh", today)
    assert (refused.returncode, "never changes" in refused.stdout) == (1, True)
    name = re.search(r"(?m)^free_name\(\) \{.*?^\}", (scripts / "train_face_model.sh").read_text(), re.S)[0]
    asked = f"MODELS='{site.registry.root}'; date() {{ echo {today}; }}\n{name}\nfree_name"
    assert subprocess.run(["bash", "-c", asked], capture_output=True, text=True).stdout == f"{today}-2\n"


def test_a_training_that_fails_ends_the_script_with_its_words_and_code(site, scripts, trained):
    (site.training / "broken.yaml").write_text("preset: quick\n")
    done = run(scripts, "train_face_model.sh", "broken")
    assert done.returncode == 1
    assert "must say facialembeddings" in done.stdout
    assert "--- validate" not in done.stdout
    assert "with exit code 1." in done.stdout.splitlines()[-1]
    assert "broken" not in site.registry.versions()


def deepthink(site, folder, name, **said):
    """Run a playbook that runs DeepThink on this machine."""
    me = inventory(ml_trainers={"trainer": {**LOCAL, "ansible_become": False}})
    return playbook(folder, name, me, **settings(site, folder), **said)


@pytest.mark.skipif(os.getuid() != 0, reason="a trainer is one that is provisioned as root")
def test_the_playbooks_deploy_verify_and_say_what_came_back(site, tmp_path, trained):
    (today,) = site.registry.versions()
    shutil.rmtree(site.settings.root / "targets/sentinel1", ignore_errors=True)
    dry = deepthink(site, tmp_path, "deploy-model", version=today, dry_run=True)
    assert (dry.well, dry.changed) == (True, []), dry.text
    assert not (site.settings.root / "targets/sentinel1/current").exists()
    deployed = deepthink(site, tmp_path, "deploy-model", version=today, target="sentinels")
    assert (deployed.well, deployed.changed) == (True, ["Run deepthink"]), deployed.text
    assert f'"version": "{today}"' in deployed.text
    again = deepthink(site, tmp_path, "deploy-model", version=today)
    assert (again.well, again.changed) == (True, []), again.text
    verified = deepthink(site, tmp_path, "verify")
    assert (verified.well, verified.changed) == (True, []), verified.text
    assert '"verified": true' in verified.text


@pytest.mark.skipif(os.getuid() != 0, reason="a trainer is one that is provisioned as root")
def test_a_playbook_ends_with_the_words_of_what_went_wrong(site, tmp_path, trained):
    (today,) = site.registry.versions()
    unknown = deepthink(site, tmp_path, "deploy-model", version=today, target="porch")
    assert (unknown.well, "There is no target 'porch'" in unknown.text) == (False, True), unknown.text
    nothing = deepthink(site, tmp_path, "rollback")
    assert not nothing.well
    assert "sentinel1" in nothing.text.rpartition("It worked")[2]
    model = site.settings.root / f"targets/sentinel1/versions/{today}/recogniser_{today}.npz"
    model.chmod(0o644)
    model.write_bytes(b"another")
    damaged = deepthink(site, tmp_path, "verify")
    assert (damaged.well, f"recogniser_{today}.npz" in damaged.text) == (False, True), damaged.text


@pytest.mark.parametrize("words", [(), ("facemodel_",), ("facemodel_a", "facemodel_b"), ("../alpha",), ("-h",)])
def test_wrong_words_get_the_usage_and_an_example(scripts, words):
    done = run(scripts, "deploy_model.sh", *words)
    assert done.returncode == 1
    assert (
        done.stdout == f"Usage: {scripts}/deploy_model.sh MODEL\nExample: {scripts}/deploy_model.sh facemodel_gamma3\n"
    )


def test_a_model_that_is_not_published_is_named_with_the_file_that_is_missing(site, scripts):
    done = run(scripts, "deploy_model.sh", "facemodel_gamma3")
    assert done.returncode == 1
    assert f"There is no {site.registry.root}/gamma3/facemodel_gamma3.pickle" in done.stdout


@pytest.mark.parametrize("name", ["../alpha", ".hidden", "-x", "a b"])
def test_a_name_that_is_none_is_refused(scripts, name):
    done = run(scripts, "train_face_model.sh", name)
    assert (done.returncode, "A version's name has" in done.stdout) == (1, True)


def test_nothing_is_trained_where_notebooks_are_switched_off(site, tmp_path):
    off = write_scripts(site, tmp_path / "off", deepthink_papermill_enabled=False, debug_mode=True)
    done = run(off, "train_face_model.sh", "gamma3")
    assert (done.returncode, "deepthink_papermill_enabled is false" in done.stdout) == (1, True)
    assert "DEEPTHINK_DEBUG=1" in (off / "deepthink.env").read_text()


def test_what_follows_a_step_that_failed_is_not_done(scripts):
    done = run(scripts, "train_face_model.sh", "gamma9", DEEPTHINK_EMBEDDER="nobodys.yaml")
    assert done.returncode == 1
    assert "nobodys.yaml" in done.stdout
    assert "--- train" not in done.stdout


def test_a_version_that_does_not_pass_ends_with_1_and_is_not_deployed(site, scripts, trained):
    done = run(scripts, "train_face_model.sh", "strict", DEEPTHINK_VALIDATION__MIN_MATED="1000")
    assert done.returncode == 1
    assert f"strict did not pass validation. Look at {site.registry.root}/strict/report.html" in done.stdout
    assert site.ledger.lane("strict") == "experimental"
    refused = run(scripts, "deploy_model.sh", "facemodel_strict")
    assert refused.returncode == 1
    assert "failed validation" in refused.stdout
    assert "is deployed" not in refused.stdout
