"""What a machine says of itself, where it says it otherwise than most do, or not at all."""

import sys

import pytest

from deepthink.deployment.node import health


def zone(folder, name, now, **limits):
    made = folder / name
    made.mkdir()
    (made / "temp").write_text(f"{now}\n")
    for at, (kind, limit) in enumerate(limits.items()):
        (made / f"trip_point_{at}_type").write_text(f"{kind}\n")
        (made / f"trip_point_{at}_temp").write_text(f"{limit}\n")


def test_the_zone_nearest_to_its_limit_counts_and_a_fans_limit_does_not(tmp_path):
    zone(tmp_path, "thermal_zone0", 60000, active=40000, passive=90000, critical=100000)
    zone(tmp_path, "thermal_zone1", 70000, passive=80000)
    zone(tmp_path, "thermal_zone2", 75000, passive=-274000)  # as some boards say that there is none
    assert health.heat(tmp_path) == {"now": 70.0, "limit": 80.0}


def test_a_machine_that_does_not_say_is_not_guessed_about(tmp_path):
    assert health.heat(tmp_path) is None
    assert health.memory(tmp_path / "meminfo") == {}
    (tmp_path / "meminfo").write_text("MemTotal: many kB\n")
    assert health.memory(tmp_path / "meminfo") == {}


def group(folder, limit, used=0, cached=0):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("max", limit), ("current", used), ("stat", f"anon 1\ninactive_file {cached}")):
        (folder / f"memory.{name}").write_text(f"{text}\n")


def test_what_a_containers_or_a_services_limit_leaves_is_found(tmp_path):
    (tmp_path / "own").write_text("1:name=systemd:/x\n0::/system.slice/deepthink.service\n")
    groups = tmp_path / "groups"
    group(groups / "system.slice/deepthink.service", "max")
    assert health.allowed("memory", groups, tmp_path / "own") == []
    group(groups / "system.slice/deepthink.service", 1000, used=700, cached=200)
    group(groups / "system.slice", 5000, used=4900)
    group(tmp_path, 1)  # above the groups: not one of them
    assert health.allowed("memory", groups, tmp_path / "own") == [500, 100]
    assert health.allowed("memory", groups, tmp_path / "absent") == []


def test_a_limit_may_leave_less_swap_than_the_machine_has(tmp_path):
    (tmp_path / "own").write_text("4:memory:/old\n0::/system.slice/deepthink-watch.service\n")
    group = tmp_path / "groups/system.slice/deepthink-watch.service"
    group.mkdir(parents=True)
    (group / "memory.swap.max").write_text("100\n")
    (group / "memory.swap.current").write_text("70\n")
    (group.parent / "memory.swap.max").write_text("max\n")
    assert health.allowed("memory.swap", tmp_path / "groups", tmp_path / "own") == [30]


@pytest.mark.parametrize(
    ("script", "says"),
    [("kill -ILL $$", "-4"), ("exit 3", "3"), ("echo nonsense", "0"), (None, "No such file")],
)
def test_an_interpreter_that_crashes_is_said_to(tmp_path, script, says):
    python = tmp_path / "python"
    if script:
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
    found = health.libraries(str(python))
    assert found["numpy"] is None
    assert says in found["trouble"]


def test_a_file_of_the_home_folders_own_is_not_taken_for_the_library(tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise SystemExit('mine')")
    monkeypatch.chdir(tmp_path)
    assert health.libraries(sys.executable)["python"] is not None


def test_what_is_not_there_yet_is_judged_by_the_folder_above_it(tmp_path):
    assert health.standing(tmp_path / "a" / "b") == tmp_path
    assert health.refused(tmp_path / "a" / "b") == ""


def test_a_command_that_takes_too_long_says_nothing():
    assert health.said("sleep", "5", seconds=0.2) == ""
