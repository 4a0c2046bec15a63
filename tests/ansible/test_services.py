"""The service that keeps the schedule, and the status page: what the role writes, and what it switches on and off."""

import json
import subprocess
import sys

import pytest

from tests.ansible.machine import Machine
from tests.ansible.play import inventory, playbook

PLAY = """
- hosts: ml_trainers
  gather_facts: false
  tasks:
    - import_role: {name: deepthink, tasks_from: python}
    - setup: {gather_subset: ["!all", min]}
    - import_role: {name: deepthink, tasks_from: user}
    - import_role: {name: deepthink, tasks_from: scripts}
    - import_role: {name: deepthink, tasks_from: units}
    - import_role: {name: deepthink, tasks_from: start}
"""
HOME = "home/camera"
UNITS = "etc/systemd/system"
COMMAND = f"{HOME}/.virtualenvs/ml-training/bin/deepthink"
SCHEDULE = {"face_model": {"enabled": True, "hour": 4, "minute": "30", "day": "Mon-Fri,0"}, "vehicle_model": {}}
ON = {"deepthink_watch_enabled": True, "deepthink_status_enabled": True}
READ = """
import sys
from pathlib import Path
from deepthink.settings import load
print(load(Path(sys.argv[1]), ()).watch.schedule["face_model"].model_dump_json())
"""


@pytest.fixture(scope="module")
def machine(bare_root, tmp_path_factory):
    """A bare machine, whose deepthink does nothing: what is asked here is what systemd makes of its units."""
    with Machine(bare_root, tmp_path_factory.mktemp("services")) as started:
        command = bare_root / COMMAND
        command.parent.mkdir(parents=True, exist_ok=True)
        if not command.exists():
            command.write_text("#!/bin/sh\n")
            command.chmod(0o755)
        (started.folder / "services.yaml").write_text(PLAY)
        yield started


def role(machine, **said):
    """Run the part of the role that is about units."""
    group = inventory(ml_trainers={"trainer": machine.host()})
    said = {"sentinelcam_user": "camera", "deepthink_training_schedule": SCHEDULE, **said}
    ran = playbook(machine.folder, machine.folder / "services.yaml", group, **said)
    assert ran.well, ran.text[-3000:]
    return ran


@pytest.fixture(scope="module")
def watched(machine):
    role(machine)
    return machine, role(machine, **ON)


def on(machine):
    """What starts at boot."""
    wanted = machine.root / UNITS
    return {path.name for path in wanted.glob("*.target.wants/deepthink*")}


def test_the_service_takes_the_timers_place_and_a_second_run_changes_nothing(watched):
    machine, ran = watched
    assert {"Switch the timers on or off", "Switch the services on or off"} <= set(ran.changed)
    assert on(machine) == {"deepthink-watch.service", "deepthink-status.service"}
    assert role(machine, **ON).changed == []


def test_systemd_accepts_the_services_and_finds_little_that_they_could_harm(watched):
    machine, _ = watched
    for unit in ("deepthink-watch.service", "deepthink-status.service", "deepthink@face_model.service"):
        verified = machine.run("systemd-analyze", "verify", unit)
        assert (verified.returncode, verified.stderr) == (0, ""), unit
        judged = machine.run("systemd-analyze", "security", "--offline=true", "--threshold=30", unit)
        assert judged.returncode == 0, judged.stdout[-500:]


def test_the_service_reads_the_schedule_of_the_inventory(watched, tmp_path):
    machine, _ = watched
    (tmp_path / "site.yaml").write_text("watch: {schedule: {face_model: {enabled: false, hour: 9}}}\n")
    env = machine.root / HOME / "deepthink/deepthink.env"
    words = ["bash", "-c", 'set -a; . "$0"; exec "$1" -c "$2" "$3"', str(env), sys.executable, READ, str(tmp_path)]
    read = subprocess.run(words, capture_output=True, text=True, check=True)
    assert json.loads(read.stdout) == {"enabled": True, "hour": "4", "minute": "30", "day": "mon-fri,0"}


def test_systemd_reads_the_environment_as_a_shell_does(watched):
    machine, _ = watched
    text = (machine.root / HOME / "deepthink/deepthink.env").read_text()
    (line,) = [line for line in text.splitlines() if line.startswith("DEEPTHINK_WATCH__SCHEDULE=")]
    value = line.partition("=")[2]  # systemd.exec(5): within single quotes all is as it stands
    assert value[0] == value[-1] == "'"
    assert "'" not in value[1:-1]


def test_what_is_wanted_besides_stands_in_the_units(watched):
    machine, _ = watched
    more = {"deepthink_watch_memory_high": "1500M", "deepthink_energy_readable": True, "deepthink_status_port": 9000}
    role(machine, **ON, **more, sentinelcam_data_path="/home/camera/sentinelcam")
    watch, status = ((machine.root / UNITS / f"deepthink-{name}.service").read_text() for name in ("watch", "status"))
    assert "\nMemoryHigh=1500M\n" in watch
    assert "\nExecStartPre=-+/bin/sh -c 'for file in /sys/class/powercap/intel-rapl:*/energy_uj; do" in watch
    assert "chgrp camera" in watch
    assert "\nRuntimeDirectory=deepthink-watch\n" in watch
    assert "--log /home/camera/sentinelcam/logs/training.log\n" in watch  # where SentinelCam's pages look for it
    made, own = ((machine.root / HOME / name).stat().st_uid for name in ("sentinelcam/logs", "deepthink"))
    assert made == own
    assert "--host 127.0.0.1 --port 9000\n" in status
    assert machine.run("systemd-analyze", "verify", "deepthink-watch.service").stderr == ""


def test_without_a_schedule_that_is_on_the_site_says_when(watched):
    machine, _ = watched
    role(machine, **ON, deepthink_training_schedule={"face_model": {"enabled": False}})
    assert "SCHEDULE" not in (machine.root / HOME / "deepthink/deepthink.env").read_text()


def test_switched_off_the_timers_are_back(watched):
    machine, _ = watched
    ran = role(machine)
    assert on(machine) == {"deepthink@face_model.timer"}
    assert "Switch the services on or off" in ran.changed
    assert "SCHEDULE" not in (machine.root / HOME / "deepthink/deepthink.env").read_text()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"deepthink_watch_enabled": True, "deepthink_profile": "core"}, "need deepthink_profile: train"),
        ({"deepthink_status_host": "here; reboot"}, "deepthink_status_host is an address"),
        ({"deepthink_status_port": 70000}, "deepthink_status_port 1 to 65535"),
        ({"deepthink_watch_memory_high": "much"}, "a size such as 1500M"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_service_that_could_not_run_is_refused_in_words(wrong, words, tmp_path):
    nowhere = {"trainer": {"ansible_host": "127.0.0.1", "ansible_port": 1}}
    ran = playbook(tmp_path, "deploy-deepthink", inventory(ml_trainers=nowhere), **wrong)
    assert not ran.well
    assert words in " ".join(ran.text.split())
    assert "UNREACHABLE" not in ran.text
