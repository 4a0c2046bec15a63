"""The doctor finds a machine without room, without memory, with a wrong clock, too hot, or with a failed service."""

import os
import time

import pytest

from deepthink.flow.doctor import machine
from tests.flow.doctor_site import FINE, HARMFUL, NOTICE, UNKNOWN, anew, enrol, in_a_machine_where, looked_at, site

__all__ = ["site"]  # a fixture


def test_a_small_disk_is_measured_by_what_will_be_written(site):
    def on(*options):
        mount = f"mount -t tmpfs -o {','.join(options)} none '{site.training}'"
        return looked_at(site, "disk", before=in_a_machine_where(mount))[0]

    assert on("size=1m")["harm"] == "harmful"
    assert on("size=100m")["harm"] == "notice"
    assert on("size=1g")["harm"] == "fine"
    assert "no inodes" in on("size=1g", "nr_inodes=1")["found"]


def test_memory_that_training_is_allowed_is_compared_with_what_it_needs(site):
    enrol(site, 3000)
    assert machine.memory(anew(site, "train.memory=2G")).harm == FINE
    found = machine.memory(anew(site, "train.memory=200MiB"))
    assert found.harm == HARMFUL
    assert "train.memory allows 200 MB, and standard needs" in found.found


def with_memory(folder, free, swap):
    """Say how much memory there is, in MB, as the kernel does."""
    lines = {"MemTotal": 4000, "MemFree": free, "MemAvailable": free, "SwapTotal": swap, "SwapFree": swap}
    (folder / "meminfo").write_text("".join(f"{name}: {size * 1024} kB\n" for name, size in lines.items()))
    return f"mount --bind '{folder}/meminfo' /proc/meminfo"


def test_too_little_memory_is_harmful_and_swap_a_makeshift(site, tmp_path):
    def having(free, swap):
        return looked_at(site, "memory", before=in_a_machine_where(with_memory(tmp_path, free, swap)))[0]

    assert having(200, 0)["harm"] == "harmful"
    assert having(200, 2000)["harm"] == "notice"
    assert having(2000, 0)["harm"] == "fine"


def command(folder, monkeypatch, name, text):
    """Put a command before the machine's own of that name."""
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("says", "harm"),
    [
        ("echo 'System clock synchronized: yes'", FINE),
        ("echo 'NTP synchronized: no'", NOTICE),
        ("echo 'NTP service: active'", UNKNOWN),
        ("exit 1", UNKNOWN),
    ],
)
def test_a_clock_that_nothing_keeps_right_is_noticed(site, tmp_path, monkeypatch, says, harm):
    command(tmp_path, monkeypatch, "timedatectl", says)
    assert machine.clock(site).harm == harm


def test_memory_that_a_limit_keeps_from_us_is_not_free(site, tmp_path):
    for name, text in (("max", 100 << 20), ("current", 40 << 20), ("stat", "inactive_file 0")):
        (tmp_path / f"memory.{name}").write_text(f"{text}\n")
    (tmp_path / "own").write_text("0::/\n")
    mounts = f"mount --bind '{tmp_path}' /sys/fs/cgroup", f"mount --bind '{tmp_path}/own' /proc/$$/cgroup"
    found, _ = looked_at(site, "memory", before=in_a_machine_where(with_memory(tmp_path, 2000, 0), *mounts))
    assert (found["harm"], "60 MB are free" in found["found"]) == ("harmful", True)


def test_a_clock_behind_what_was_written_is_harmful(site):
    ahead = time.time() + 7200
    os.utime(site.facelist, times=(ahead, ahead))
    found = machine.clock(site)
    assert found.harm == HARMFUL
    assert "2.0 hours behind" in found.found


def test_a_hot_machine_is_noticed(site, tmp_path):
    zone = tmp_path / "thermal" / "thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "trip_point_0_type").write_text("passive\n")
    (zone / "trip_point_0_temp").write_text("80000\n")
    before = in_a_machine_where(f"mount --bind '{tmp_path}/thermal' /sys/class/thermal")
    for degrees, harm in ((45000, "fine"), (81000, "notice")):
        (zone / "temp").write_text(f"{degrees}\n")
        assert looked_at(site, "heat", before=before)[0]["harm"] == harm


UNITS = "deepthink-watch.service loaded {} DeepThink's watch"


def test_a_service_that_failed_is_harmful_with_where_to_read_why(site, tmp_path, monkeypatch):
    system = 'case "$1" in --user) ;; *) echo "{}";; esac'
    command(tmp_path, monkeypatch, "systemctl", system.format(UNITS.format("active running")))
    assert machine.services(site).found == "1 units run as they should"
    for state in ("failed failed", "activating auto-restart"):
        command(tmp_path, monkeypatch, "systemctl", system.format("● " + UNITS.format(state)))
        found = machine.services(site)
        assert found.harm == HARMFUL
        assert "journalctl -u deepthink-watch.service" in found.next
