"""Metrics as Prometheus reads them, over HTTP; who asks cannot change, stop or starve anything."""

import contextlib
import json
import re
import socket
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families

from deepthink.errors import SettingsError
from deepthink.messages import serve_metrics as serving
from deepthink.messages.base import Standing
from deepthink.messages.serve_metrics import serve_metrics
from tests.lacking import skip

DOCS = Path(__file__).parents[2] / "docs"
FULL = Standing(
    version='v7 "new"\nline', since="2026-11-25T03:00:00+00:00", outcome="failed", outcome_version="v8",
    waits_for="a decision", to_review=12, selected=3, people=5, events_today=9, named_today=7, unknown_today=2,
    unknown_last="2026-11-25T12:00:00+00:00", alarms=("porch", "Ann"), running=True, run_version="v9", run_step="train",
    run_done=1, run_total=4, seconds_left=60.0, runs={"deployed": 4, "failed": 1}, last_seconds=2700.0,
    last_watt_hours=150.5, celsius=51.5, watts=9.5, disk_free=10**9, memory_free=10**8,
)  # fmt: skip


@pytest.fixture
def serve():
    made = []

    def make(standing=lambda: FULL, address="127.0.0.1:0"):
        made.append(serve_metrics(address, standing))
        return made[-1]

    yield make
    for metrics in made:
        metrics.close()


def fetch(port, accept="", **more):
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"Accept": accept}, **more)
    with urllib.request.urlopen(asked, timeout=5) as answer:
        return answer.read().decode()


def samples(port):
    found = text_string_to_metric_families(fetch(port))
    return {(one.name, *sorted(one.labels.items())): one.value for family in found for one in family.samples}


def test_all_that_is_known_is_there(serve):
    found = samples(serve().port)
    for name, value in {
        "faces_to_review": 12, "faces_selected": 3, "people_enrolled": 5, "events_today": 9, "named_today": 7,
        "unknown_today": 2, "unknown_last_timestamp_seconds": 1795608000, "drift_alarms": 2, "waits_for_person": 1,
        "model_deployed_timestamp_seconds": 1795575600, "run_active": 1, "run_progress_ratio": 0.25,
        "run_left_seconds": 60, "last_run_duration_seconds": 2700, "last_run_watt_hours": 150.5,
        "temperature_celsius": 51.5, "power_watts": 9.5, "disk_free_bytes": 10**9, "memory_free_bytes": 10**8,
    }.items():  # fmt: skip
        assert found[(f"deepthink_{name}",)] == value, name
    assert found["deepthink_runs_total", ("outcome", "deployed")] == 4
    assert found["deepthink_model_info", ("version", FULL.version)] == 1
    assert found["deepthink_last_run_info", ("outcome", "failed"), ("version", "v8")] == 1
    assert found["deepthink_run_info", ("step", "train"), ("version", "v9")] == 1


def test_what_is_not_known_is_absent(serve):
    names = {name for name, *_ in samples(serve(Standing).port)}
    assert "deepthink_faces_to_review" in names
    for unknown in ("temperature_celsius", "power_watts", "last_run_watt_hours", "run_progress_ratio", "model_info",
                    "unknown_last_timestamp_seconds", "disk_free_bytes", "last_run_info"):  # fmt: skip
        assert f"deepthink_{unknown}" not in names


def test_names_keep_the_conventions(serve):
    """As promtool checks them: snake case, a help text, total for counters alone, base units at the end."""
    for family in text_string_to_metric_families(fetch(serve().port)):
        assert re.fullmatch(r"deepthink_[a-z]+(_[a-z]+)*", family.name)
        assert family.documentation.endswith(".")
        assert family.type == ("counter" if family.name == "deepthink_runs" else "gauge")
        assert not re.search(r"(milli|kilo|minutes|percent|_gauge|_count$)", family.name)


def test_the_newer_format_is_spoken_too(serve):
    text = fetch(serve().port, "application/openmetrics-text; version=1.0.0")
    assert text.endswith("# EOF\n")
    assert {family.name for family in open_metrics(text)} >= {"deepthink_faces_to_review", "deepthink_runs"}


def test_each_answer_is_the_standing_of_that_moment(serve):
    counted = iter(range(100))
    port = serve(lambda: Standing(to_review=next(counted))).port
    assert [samples(port)["deepthink_faces_to_review",] for _ in range(3)] == [0, 1, 2]


def test_a_standing_that_cannot_be_told_ends_nothing(serve, caplog):
    broken = [True]

    def standing():
        if broken[0]:
            raise RuntimeError("no")
        return FULL

    port = serve(standing).port
    assert samples(port) == {}
    assert samples(port) == {}
    assert caplog.text.count("cannot be told") == 1
    broken.clear()
    broken.append(False)
    assert samples(port)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_it_is_read_only(serve, method):
    with pytest.raises(urllib.error.HTTPError, match="405"):
        fetch(serve().port, data=b"x", method=method)


def test_clients_that_say_nothing_lose_their_place(serve):
    """A hundred connections that stay open and silent: Prometheus is served, and there are no hundred threads."""
    port, before = serve().port, threading.active_count()
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
    assert samples(port)
    time.sleep(0.3)
    assert threading.active_count() - before <= serving.MOST + 1
    for one in silent:
        one.close()


def test_clients_that_speak_slowly_lose_their_place(serve):
    port, end = serve().port, threading.Event()

    def drip():
        with socket.create_connection(("127.0.0.1", port)) as one, contextlib.suppress(OSError):
            while not end.wait(0.02):
                one.sendall(b"G")

    slow = [threading.Thread(target=drip, daemon=True) for _ in range(serving.MOST * 2)]
    for one in slow:
        one.start()
    for _ in range(5):
        assert samples(port)
    end.set()


def test_a_silent_client_is_left_in_time(serve, monkeypatch):
    assert 0 < serving._Handler.timeout <= 10
    monkeypatch.setattr(serving._Handler, "timeout", 0.2)
    with socket.create_connection(("127.0.0.1", serve().port), 5) as silent:
        assert silent.recv(10) == b""


@pytest.mark.parametrize(
    "garbage", [b"\x00" * 5000, b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nHost: \xff\xff\r\n\r\n", b"A" * 100_000]
)
def test_garbage_ends_nothing_and_says_nothing(serve, garbage, capfd):
    port = serve().port
    with socket.create_connection(("127.0.0.1", port), 5) as one, contextlib.suppress(OSError):
        one.sendall(garbage)
        one.shutdown(socket.SHUT_WR)
        one.recv(100)
    assert samples(port)
    assert capfd.readouterr().err == ""


def test_a_port_that_is_taken_is_said(serve):
    port = serve().port
    with pytest.raises(SettingsError, match="nothing can listen on"):
        serve_metrics(f"127.0.0.1:{port}", Standing)


@pytest.mark.parametrize("address", ["9108", "host:", "127.0.0.1:http", "127.0.0.1:99999"])
def test_an_address_without_a_port_is_said(address):
    with pytest.raises(SettingsError, match="no address and port"):
        serve_metrics(address, Standing)


def test_it_listens_on_ipv6_too(serve):
    if not socket.has_ipv6 or not Path("/proc/net/if_inet6").read_text().strip():
        skip("IPv6 is switched off here: sysctl -w net.ipv6.conf.lo.disable_ipv6=0")
    port = serve(address="[::1]:0").port
    with urllib.request.urlopen(f"http://[::1]:{port}/metrics", timeout=5) as answer:
        assert b"deepthink_faces_to_review 12.0" in answer.read()


def test_a_closed_endpoint_is_gone(serve):
    metrics = serve()
    metrics.close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", metrics.port), 1)


def test_every_name_is_documented_and_every_panel_shows_one(serve):
    names = {one.name for family in text_string_to_metric_families(fetch(serve().port)) for one in family.samples}
    page = (DOCS / "steps" / "messages.md").read_text()
    assert {name for name in names if f"`{name}`" not in page and f"`{name}{{" not in page} == set()
    dashboard = json.loads((DOCS / "grafana" / "deepthink.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    assert asked
    for expression in asked:
        used = set(re.findall(r"deepthink_\w+", expression))
        assert used
        assert used <= names, expression
