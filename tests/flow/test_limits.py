"""When a run must not go on, in trees as the kernel lays them out, and with real processes that are stopped."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deepthink.flow.limits import Halt, Limits, politely
from deepthink.flow.processes import family, pause, resume

MB = 10**6
PRESSURE = "some avg10=30.00 avg60=9.00 avg300=2.00 total=9\nfull avg10={} avg60=9.00 avg300=2.00 total=9\n"


def limits(root, degrees=None, free=900 * MB, swap=0, **more):
    heat = lambda: None if degrees is None else {"now": degrees, "limit": 97.0}
    has = {"total": 4000 * MB, "free": free, "swap": swap, "swap_free": swap}
    return Limits(85.0, 200 * MB, root, heat=heat, memory=lambda: has, **more)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_cool_machine_with_memory_goes_on(tmp_path):
    assert limits(tmp_path, 60.0).look() is None
    assert limits(tmp_path, 60.0).may_go_on()


def test_a_hot_processor_halts_and_goes_on_ten_degrees_below(tmp_path):
    assert limits(tmp_path, 84.9).look() is None
    halt = limits(tmp_path, 85.0).look()
    assert halt == Halt("hot", "the processor has 85 °C; a run pauses from 85 on")
    assert not limits(tmp_path, 75.0).may_go_on()
    assert limits(tmp_path, 74.9).may_go_on()


def test_a_processor_whose_zone_names_no_limits_is_looked_at_too(tmp_path):
    for number, (kind, degrees) in enumerate({"acpitz": 99_000, "x86_pkg_temp": 91_000, "iwlwifi_1": 99_000}.items()):
        write(tmp_path / f"sys/class/thermal/thermal_zone{number}/type", f"{kind}\n")
        write(tmp_path / f"sys/class/thermal/thermal_zone{number}/temp", f"{degrees}\n")
    assert limits(tmp_path).temperature() == 91.0
    write(tmp_path / "sys/class/thermal/thermal_zone1/temp", "nonsense")
    assert limits(tmp_path).temperature() is None


def test_swap_counts_and_too_little_of_both_halts(tmp_path):
    assert limits(tmp_path, free=150 * MB, swap=60 * MB).look() is None
    halt = limits(tmp_path, free=150 * MB, swap=40 * MB).look()
    assert halt == Halt("memory", "190 MB of memory are left, swap included; 200 must be")
    assert not limits(tmp_path, free=399 * MB).may_go_on()
    assert limits(tmp_path, free=400 * MB).may_go_on()


def test_memory_comes_before_heat_because_it_ends_the_run(tmp_path):
    assert limits(tmp_path, 99.0, free=0).look().kind == "memory"


def test_pressure_is_an_early_sign_and_none_by_itself(tmp_path):
    write(tmp_path / "proc/pressure/memory", PRESSURE.format("12.50"))
    assert limits(tmp_path, free=399 * MB).look().kind == "memory"
    assert limits(tmp_path, free=401 * MB).look() is None
    write(tmp_path / "proc/pressure/memory", PRESSURE.format("9.99"))
    assert limits(tmp_path, free=399 * MB).look() is None


def test_a_machine_that_says_nothing_halts_nothing(tmp_path):
    def broken():
        raise OSError("it vanished")

    quiet = Limits(85.0, 200 * MB, tmp_path, heat=broken, memory=dict)
    assert quiet.look() is None
    assert quiet.may_go_on()
    assert (quiet.temperature(), quiet.left(), quiet.pressed()) == (None, None, 0.0)


@pytest.mark.parametrize("text", ["", "full\n", "full avg10=\n", "full avg10=x total=1\n", "some avg10=99.0\n"])
def test_pressure_that_cannot_be_read_is_none(text, tmp_path):
    write(tmp_path / "proc/pressure/memory", text)
    assert limits(tmp_path).pressed() == 0.0


def test_this_machine_can_be_looked_at():
    assert Limits(1e9, 0).look() is None
    assert Limits(1e9, 1 << 60).look().kind == "memory"


FAMILY = """
import subprocess, sys, time
words = ["sh", "-c", '"$0" -c "$1" "$2"; true', sys.executable, *sys.argv[1:]]
child = subprocess.Popen(words, start_new_session=True)
time.sleep(60)
"""
COUNTS = """
import sys, time
from pathlib import Path
for number in range(600):
    Path(sys.argv[1]).write_text(str(number))
    time.sleep(0.02)
"""


@pytest.fixture
def run(tmp_path):
    """A process with a child in a session of its own, as a notebook's kernel is; the grandchild counts."""
    process = subprocess.Popen([sys.executable, "-c", FAMILY, COUNTS, str(tmp_path / "count")])
    until(lambda: (tmp_path / "count").exists())
    yield process
    for one in family(process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
    process.wait()


def until(true):
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < 20
        time.sleep(0.02)


def test_a_pause_stops_what_was_started_in_other_sessions_too(run, tmp_path):
    count = lambda: (tmp_path / "count").read_text()
    stopped = pause(run.pid)
    assert stopped == family(run.pid)
    assert len(stopped) == 3
    until(lambda: all(Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[0] == "T" for one in stopped))
    before = count()
    time.sleep(0.3)
    assert count() == before
    resume(run.pid)
    until(lambda: count() not in ("", before))


def test_a_run_that_has_ended_is_neither_paused_nor_resumed():
    process = subprocess.Popen(["true"])
    process.wait()
    assert pause(process.pid) == []
    resume(process.pid)


@pytest.mark.parametrize("process", [-1, 0, 1, None])
def test_everybody_init_and_oneself_are_never_paused(process):
    with pytest.raises(ValueError, match="not a process that was started"):
        pause(os.getpid() if process is None else process)


def test_a_polite_command_steps_back_with_all_its_threads():
    said = subprocess.run(politely(["sh", "-c", "nice; ionice"]), capture_output=True, text=True, check=True)
    assert said.stdout.split() == [str(min(19, os.nice(0) + 10)), "idle"]
    assert politely(["true"], nice=0)[-1] == "true"
