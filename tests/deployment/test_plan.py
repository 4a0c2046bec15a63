"""When a batch may begin, and who is in it."""

import os
import time
from datetime import datetime

import pytest

from deepthink.deployment.plan import Plan, Window
from deepthink.errors import DeploymentError, SettingsError


@pytest.mark.parametrize(
    ("hours", "now", "opened"),
    [
        ("03:00-05:00", "03:00", True),
        ("03:00-05:00", "04:59", True),
        ("03:00-05:00", "05:00", False),
        ("03:00-05:00", "02:59", False),
        ("23:00 - 5:00", "23:00", True),
        ("23:00-05:00", "00:00", True),
        ("23:00-05:00", "05:00", False),
        ("23:00-05:00", "12:00", False),
    ],
)
def test_a_window_is_open_from_its_begin_until_its_end(hours, now, opened):
    moment = datetime.fromisoformat(f"2026-03-02T{now}")
    window = Window.read(hours)
    assert window.is_open(moment) is opened
    assert (window.seconds_to_wait(moment) == 0) is opened


@pytest.mark.parametrize("text", ["", "3-5", "03:00", "25:00-05:00", "03:60-05:00", "03:00-03:00", "03:00-05:00 daily"])
def test_what_is_no_window_is_refused(text):
    with pytest.raises(SettingsError, match="no window"):
        Window.read(text)


@pytest.fixture
def vienna(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Vienna")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.skipif(not os.path.exists("/usr/share/zoneinfo/Europe/Vienna"), reason="no zones of time here")  # noqa: PTH110
@pytest.mark.parametrize(("now", "hours"), [("2026-03-28T22:00", 6), ("2026-10-24T22:00", 8), ("2026-03-02T22:00", 7)])
def test_how_long_to_wait_knows_that_the_clocks_change(vienna, now, hours):
    assert Window.read("05:00-06:00").seconds_to_wait(datetime.fromisoformat(now)) == hours * 3600


@pytest.mark.skipif(not os.path.exists("/usr/share/zoneinfo/Europe/Vienna"), reason="no zones of time here")  # noqa: PTH110
def test_in_an_hour_that_comes_twice_nobody_waits_for_less_than_nothing(vienna):
    second = datetime.fromisoformat("2026-10-25T02:10").replace(fold=1)
    assert Window.read("02:30-04:00").seconds_to_wait(second) >= 1


def window(minutes_from_now, minutes):
    begin = time.time() + 60 * minutes_from_now
    hours = [datetime.fromtimestamp(moment).strftime("%H:%M") for moment in (begin, begin + 60 * minutes)]
    return Window.read("-".join(hours))


def test_a_batch_begins_only_in_the_window():
    Plan(window=window(-5, 10)).check_open(0, 3)
    closed = Plan(window=window(5, 10))
    with pytest.raises(DeploymentError, match=r"outside the maintenance window .*--wait.*--now"):
        closed.check_open(0, 3)
    with pytest.raises(DeploymentError, match="closed: 1 of 3 targets are done"):
        closed.check_open(1, 3)


def test_the_canary_goes_first_and_the_others_in_batches():
    assert [*Plan(canary=1, batch=3).groups([*range(6)])] == [[0], [1, 2, 3], [4, 5]]
    assert [*Plan(canary=0, batch=3).groups([*range(4)])] == [[0, 1, 2], [3]]
    assert [*Plan().groups([])] == []
