"""The role on a bare Debian that is logged in to: what it makes, and that a second run finds nothing to do."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ansible.machine import Machine
from tests.ansible.play import COLLECTION, inventory, playbook

HOME = "/home/camera"
INSTALLED = f"{HOME}/deepthink"
VENV = f"{HOME}/.virtualenvs/ml-training"
SCHEDULE = {"face_model": {"enabled": True, "hour": 4, "minute": "30", "day": "mon-fri,0"}}
WANTED = {
    "sentinelcam_user": "camera",
    "deepthink_profile": "core",  # a fifth of what training needs
    "deepthink_training_schedule": SCHEDULE,
    "deepthink_python_packages": ["six"],
}
RESTART = "systemctl restart recogniser"
NANO = """
- hosts: ml_trainers
  gather_facts: false
  tasks:
    - import_role: {name: deepthink, tasks_from: python}
    - setup: {gather_subset: ["!all", min]}
    - import_role: {name: deepthink, tasks_from: jetson}
    - import_role: {name: deepthink, tasks_from: scripts}
"""
UV = """#!/bin/sh
# Stands in for uv, whose downloads do not come from a package registry.
[ "$1 $2" = "python install" ] && [ "$6" = --install-dir ] && [ "$8" = 3.12 ] || exit 2
mkdir -p "$7/cpython-3.12.12-linux-x86_64-gnu/bin"
ln -s /usr/bin/python3 "$7/cpython-3.12.12-linux-x86_64-gnu/bin/python3"
"""
NVPMODEL = """#!/bin/sh
file=/etc/power.mode
[ "$1" = -m ] && echo "$2" > $file
echo "NV Power Mode: SOME" && cat $file
"""


@pytest.fixture(scope="module")
def machine(bare_root, tmp_path_factory):
    with Machine(bare_root, tmp_path_factory.mktemp("machine")) as started:
        yield started


def nodes(machine, **said):
    return inventory(
        ml_trainers={"trainer": machine.host(**said)},
        sentinels={
            "sentinel": {"ansible_host": "10.0.0.9", "ansible_password": "secret", "deepthink_restart": RESTART}
        },
        datasinks={"data1": {}},
    )


@pytest.fixture(scope="module")
def trainer(machine, source):
    """A machine that the role has been run on once."""
    ran = playbook(machine.folder, "deploy-deepthink", nodes(machine), deepthink_source=str(source), **WANTED)
    assert ran.well, ran.text[-3000:]
    assert "Install the locked packages, each by its hash" in ran.changed
    return machine


def as_user(trainer, *words):
    done = trainer.run("runuser", "-u", "camera", "--", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_deepthink_runs_there_as_the_roles_user(trainer):
    assert "Learns the faces of a home camera network" in as_user(trainer, f"{VENV}/bin/deepthink", "--help")
    asked = as_user(trainer, f"{VENV}/bin/python", "-c", "import deepthink.recognition.recognise, six; print('loaded')")
    assert asked == "loaded\n"


def test_the_site_is_what_init_writes_with_the_roles_folders_in_it(trainer):
    site = (trainer.root / f"{INSTALLED[1:]}/site.yaml").read_text()
    assert f"\nregistry: {INSTALLED}/models\n" in site
    assert f"\ntraining: {INSTALLED}/data\n" in site
    assert site.count("\n") > 100
    assert "nothing" in as_user(trainer, f"{VENV}/bin/deepthink", "status", INSTALLED).lower()


def test_everything_belongs_to_the_user_and_to_nobody_else(trainer):
    assert as_user(trainer, "find", INSTALLED, "-not", "-user", "camera") == ""
    assert as_user(trainer, "find", INSTALLED, "-perm", "/o=rwx", "-not", "-type", "l") == ""
    assert as_user(trainer, "find", VENV, "-not", "-user", "camera") == ""


def test_the_trainer_knows_who_receives_models_and_no_passwords(trainer):
    written = (trainer.root / f"{INSTALLED[1:]}/inventory.yaml").read_text()
    assert "ansible_host: 10.0.0.9" in written
    assert "deepthink_restart: systemctl restart recogniser" in written
    assert "secret" not in written
    site = (trainer.root / f"{INSTALLED[1:]}/site.yaml").read_text()
    assert "\n  inventory: inventory.yaml\n" in site
    assert site.endswith("\ntargets: []")
    words = (
        "-c",
        "from deepthink.flow.wiring import Site; from deepthink.settings import load;"
        f"print([one.name for one in Site(load(__import__('pathlib').Path('{INSTALLED}'), ())).targets])",
    )
    assert as_user(trainer, f"{VENV}/bin/python", *words) == "['sentinel', 'data1']\n"


def test_systemd_accepts_the_units_and_finds_little_that_they_could_harm(trainer):
    unit = "deepthink@face_model"
    verified = trainer.run("systemd-analyze", "verify", f"{unit}.service", f"{unit}.timer")
    assert (verified.returncode, verified.stderr) == (0, "")
    written = (trainer.root / "etc/systemd/system/deepthink@.service").read_text()
    assert "AF_NETLINK" in written  # without it ZeroMQ ends the notebook's process at once
    judged = trainer.run("systemd-analyze", "security", "--offline=true", "--threshold=30", f"{unit}.service")
    assert judged.returncode == 0, judged.stdout[-500:]


def test_the_schedule_is_a_timer_that_starts_at_boot(trainer):
    timer = trainer.root / "etc/systemd/system/deepthink@face_model.timer"
    (calendar,) = re.findall(r"(?m)^OnCalendar=(.*)$", timer.read_text())
    shown = trainer.run("systemd-analyze", "calendar", calendar)
    assert "Normalized form: Mon..Fri,Sun *-*-* 04:30:00" in shown.stdout
    link = timer.parent / "timers.target.wants" / timer.name
    assert link.readlink() == Path("/etc/systemd/system") / timer.name


def test_a_script_says_who_has_to_run_it_and_what_is_missing(trainer):
    script = f"{INSTALLED}/train_face_model.sh"
    assert "Run this as camera: sudo -u camera" in trainer.run(script, "gamma3").stderr
    done = trainer.run("runuser", "-u", "camera", "--", script, "gamma3")
    assert done.returncode == 1
    assert "Ended" in done.stdout.splitlines()[-1]
    assert (trainer.root / f"{INSTALLED[1:]}/logs/training_gamma3.log").read_text() == done.stdout


def test_a_second_run_changes_nothing_and_leaves_the_site_to_its_people(trainer, source):
    site = trainer.root / f"{INSTALLED[1:]}/site.yaml"
    site.write_text(site.read_text() + "# ours\n")
    again = playbook(trainer.folder, "deploy-deepthink", nodes(trainer), deepthink_source=str(source), **WANTED)
    assert again.well, again.text[-3000:]
    assert again.changed == []
    assert re.search(r"ok=\d+ +changed=0 ", again.text)
    assert site.read_text().endswith("# ours\n")


def test_a_version_that_is_not_there_is_told_by_the_playbook(trainer):
    ran = playbook(trainer.folder, "deploy-model", nodes(trainer), version="gamma4", sentinelcam_user="camera")
    assert not ran.well
    assert "No version 'gamma4' here. Known: none." in ran.text


def test_a_nano_gets_a_python_of_its_own_its_power_mode_and_no_desktop(trainer):
    for name, text in {"uv": UV, "nano.yaml": NANO}.items():
        (trainer.folder / name).write_text(text)
    power = trainer.root / "usr/sbin/nvpmodel"
    power.write_text(NVPMODEL)
    power.chmod(0o755)
    (trainer.root / "etc/power.mode").write_text("0\n")
    said = {"deepthink_uv": str(trainer.folder / "uv"), "sentinelcam_user": "camera", "platform": "jetson_nano"}
    ran = playbook(trainer.folder, trainer.folder / "nano.yaml", nodes(trainer), **said)
    assert ran.well, ran.text[-3000:]
    assert {"Let uv install Python", "Set the power mode", "Start without a desktop from the next boot on"} < set(
        ran.changed
    )
    assert (trainer.root / "etc/power.mode").read_text() == "1\n"
    assert "video" in trainer.run("id", "-nG", "camera").stdout
    assert "PATH=/usr/local/cuda/bin:" in (trainer.root / f"{INSTALLED[1:]}/deepthink.env").read_text()
    again = playbook(trainer.folder, trainer.folder / "nano.yaml", nodes(trainer), **said)
    assert (again.well, again.changed) == (True, [])


def test_a_nano_without_a_way_to_a_python_is_told_of_the_mirror(trainer):
    (trainer.folder / "cut.sh").write_text("#!/bin/sh\necho no route; exit 1\n")
    (trainer.folder / "nano.yaml").write_text(NANO)
    said = {"deepthink_uv": str(trainer.folder / "cut.sh"), "platform": "jetson_nano"}
    elsewhere = {"deepthink_python_path": "/opt/elsewhere", "sentinelcam_user": "camera"}
    ran = playbook(trainer.folder, trainer.folder / "nano.yaml", nodes(trainer), **said, **elsewhere)
    assert not ran.well
    assert "internet needs deepthink_python_mirror. uv said: no route" in re.sub(r"\s+", " ", ran.text)


def test_uv_is_fetched_for_the_machine_that_it_is_for(tmp_path):
    files = COLLECTION / "roles/deepthink/files"
    command = [sys.executable, str(files / "fetch_uv.py"), str(files / "uv.txt"), "aarch64", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    assert (tmp_path / "uv").read_bytes()[:20][18:] == b"\xb7\x00"  # ELF's number for it
    refused = subprocess.run([*command[:3], "mips", str(tmp_path)], check=False, capture_output=True, text=True)
    assert "There is no uv for mips here. Set deepthink_uv" in refused.stderr


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"deepthink_profile": "tiny"}, "value of deepthink_profile must be one of: train, core, got: tiny"),
        ({"jetson_headless": "perhaps"}, "jetson_headless"),
        ({"deepthink_user": "me; reboot"}, "deepthink_user must have small letters"),
        ({"deepthink_models_path": "models"}, "deepthink_models_path must be an absolute path"),
        ({"deepthink_model_version_pattern": "{{ version }}-face"}, "must end with the version"),
        ({"deepthink_training_schedule": {"face_model": {"hour": 25}}}, 'has hour 25, minute "0", day "*"'),
        ({"deepthink_training_schedule": {"face_model": {"day": "someday"}}}, "An hour is 0 to 23"),
        ({"deepthink_training_schedule": {"vehicle_model": {"enabled": True}}}, "this trainer trains face_model alone"),
        ({"deepthink_source": "/nowhere"}, "There is no /nowhere/requirements/train.txt. Set deepthink_source"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_variable_is_refused_in_words_before_anything_is_touched(wrong, words, tmp_path):
    nowhere = {"trainer": {"ansible_host": "127.0.0.1", "ansible_port": 1}}
    ran = playbook(tmp_path, "deploy-deepthink", inventory(ml_trainers=nowhere), **wrong)
    assert not ran.well
    assert words in re.sub(r"\s+", " ", ran.text).replace('\\"', '"')
    assert "UNREACHABLE" not in ran.text
