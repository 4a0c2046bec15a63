"""Energy over time: straight lines between readings, no reckoning over gaps, nothing lost by a kill but a minute."""

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from deepthink.flow.energy import EnergyMeter, since_boot, watts
from deepthink.flow.energy_sources import Counter, Found, Sensor
from tests.flow.test_energy_sources import zone

UNKNOWN = Found(None, "it has no power sensor that is known here")


class Story:
    """A meter, told what is read when."""

    def __init__(self, source=None, **kept):
        self.at, self.value = 100.0, 0.0
        sensor = source or Sensor("told", lambda: self.value)
        self.meter = EnergyMeter(Found(sensor), clock=lambda: self.at, **kept)

    def goes_on(self, seconds, value):
        self.at, self.value = self.at + seconds, value
        self.meter.look()
        return self.meter


def test_power_goes_straight_from_one_reading_to_the_next():
    story = Story()
    story.goes_on(0, 4.0)
    story.goes_on(2, 6.0)
    meter = story.goes_on(4, 6.0)
    assert (meter.joules, meter.seconds, meter.now) == (10 + 24, 6, 6.0)
    assert meter.watt_hours == pytest.approx(34 / 3600)
    assert meter.mean_watts == pytest.approx(34 / 6)
    assert meter.figures() == {"watt_hours": 0.0094, "measured_seconds": 6.0}


def test_a_sleep_is_neither_energy_nor_time():
    story = Story()
    story.goes_on(0, 10.0)
    story.goes_on(10, 10.0)
    meter = story.goes_on(10.1, 10.0)
    assert (meter.joules, meter.seconds, meter.now) == (100, 10, None)
    story.goes_on(2, 10.0)
    assert (meter.joules, meter.seconds) == (120, 12)


def test_one_silence_is_bridged_and_a_long_one_is_not():
    story = Story()
    story.goes_on(0, 10.0)
    story.goes_on(4, None)
    meter = story.goes_on(4, 10.0)
    assert meter.joules == 80
    for _ in range(3):
        story.goes_on(4, None)
    story.goes_on(4, 10.0)
    assert (meter.joules, meter.seconds) == (80, 8)


def test_nonsense_and_a_clock_that_goes_back_are_left_out():
    story = Story()
    story.goes_on(0, 10.0)
    meter = story.goes_on(2, 1e9)
    story.goes_on(2, 10.0)
    assert meter.seconds == 0
    assert meter.watt_hours is None
    story.goes_on(-50, 10.0)
    story.goes_on(2, 10.0)
    assert (meter.joules, meter.seconds) == (20, 2)


def test_a_counter_is_read_more_often_than_it_can_begin_again(tmp_path):
    package = zone(tmp_path, "intel-rapl:0", "package-0", 0, most=65_532_610_987)
    counter, energy = Counter("RAPL", (package,)), 0
    story = Story(counter)
    for step in range(200):  # 200 W, an hour and more: it begins again eleven times
        (package / "energy_uj").write_text(str(energy % 65_532_610_988))
        story.goes_on(counter.every if step else 0, None)
        energy += int(200e6 * counter.every)
    assert story.meter.joules == pytest.approx(200 * 199 * 20, rel=1e-6)
    assert counter.every <= 60


def test_a_counter_set_back_by_a_sleep_is_not_taken_for_one_that_was_full(tmp_path):
    package = zone(tmp_path, "intel-rapl:0", "package-0", 5_000_000_000)
    story = Story(Counter("RAPL", (package,)))
    story.goes_on(0, None)
    (package / "energy_uj").write_text("12\n")
    meter = story.goes_on(40, None)  # 257 kJ in 40 s, if it were so
    assert meter.joules == 0


def test_an_unknown_machine_is_measured_by_nobody():
    before = threading.active_count()
    with EnergyMeter(UNKNOWN) as meter:
        assert threading.active_count() == before
        meter.look()
    assert (meter.watt_hours, meter.mean_watts, meter.figures(), meter.why) == (None, None, {}, UNKNOWN.why)
    assert watts(UNKNOWN) is None


def test_a_meter_measures_by_itself_and_stops_when_the_body_does():
    found = Found(Sensor("fast", lambda: 36.0, every=0.06))
    with EnergyMeter(found) as meter:
        time.sleep(0.5)
        so_far = meter.joules
    assert so_far > 0
    assert meter.joules == pytest.approx(36 * meter.seconds)
    assert 0.4 < meter.seconds < 5
    assert not any(thread.name == "energy" for thread in threading.enumerate())
    assert watts(found, 0.1) == pytest.approx(36)


def test_what_was_measured_before_is_added_to():
    story = Story(joules=1000.0, seconds=50.0)
    story.goes_on(0, 10.0)
    assert story.goes_on(5, 10.0).figures() == {"watt_hours": round(1050 / 3600, 4), "measured_seconds": 55.0}


def test_a_meter_that_fails_keeps_its_sum_for_the_next_and_one_that_ends_does_not(tmp_path):
    kept, found = tmp_path / "energy.json", Found(Sensor("fast", lambda: 10.0))
    with contextlib.suppress(RuntimeError), EnergyMeter(found, keep=kept):
        time.sleep(0.1)
        raise RuntimeError
    before = json.loads(kept.read_text())
    with EnergyMeter(found, keep=kept) as meter:
        assert meter.seconds == pytest.approx(before["seconds"])
        time.sleep(0.1)
    assert meter.seconds > before["seconds"]
    assert not kept.exists()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"joules": "x", "seconds": 1}', '{"joules": NaN, "seconds": 1}', "\0"]
)
def test_a_sum_that_cannot_be_read_is_begun_anew(text, tmp_path):
    (tmp_path / "energy.json").write_text(text)
    with EnergyMeter(Found(Sensor("fast", lambda: 1.0)), keep=tmp_path / "energy.json") as meter:
        assert meter.seconds < 1


KILLED = """
import sys, time
from pathlib import Path
from deepthink.flow import energy
from deepthink.flow.energy_sources import Found, Sensor
energy.KEEP_SECONDS = 0.2
with energy.EnergyMeter(Found(Sensor("fast", lambda: 10.0, every=0.06)), keep=Path(sys.argv[1])) as meter:
    time.sleep(60)
"""


def test_a_kill_loses_only_what_was_not_kept_yet(tmp_path):
    kept = tmp_path / "energy.json"
    began = since_boot()
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(kept)])
    while not kept.exists() or json.loads(kept.read_text())["seconds"] < 0.5:
        assert since_boot() - began < 30
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with EnergyMeter(Found(Sensor("fast", lambda: 10.0)), keep=kept) as meter:
        assert meter.seconds >= 0.5
        assert meter.joules == pytest.approx(10 * meter.seconds)


def test_a_full_disk_does_not_end_what_is_measured(tmp_path):
    meter = EnergyMeter(
        Found(Sensor("fast", lambda: 1.0)), keep=tmp_path / "absent" / "x", clock=itertools.count().__next__
    )
    (tmp_path / "absent").write_text("a file where a folder should be")
    with meter:
        pass
    assert meter.seconds > 0
