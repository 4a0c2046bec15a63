"""What systemd is told, on a real socket of the kind it listens on."""

import os
import socket
from pathlib import Path

import pytest

from deepthink.flow.systemd import READY, tell, tell_reloading


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path, monkeypatch):
    address = str(tmp_path / "notify") if request.param == "path" else f"@deepthink-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(address.replace("@", "\0", 1) if request.param == "abstract" else address)
        listening.settimeout(2)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        yield listening


def test_what_is_told_arrives(manager):
    assert tell(READY)
    assert manager.recv(1000) == b"READY=1"
    assert tell("STATUS=waits until 3:00 °")
    assert manager.recv(1000).decode() == "STATUS=waits until 3:00 °"


def test_a_reload_comes_with_the_time_that_systemd_compares(manager):
    assert tell_reloading()
    told = dict(line.split("=") for line in manager.recv(1000).decode().splitlines())
    assert told["RELOADING"] == "1"
    assert int(told["MONOTONIC_USEC"]) > 0


@pytest.mark.parametrize("address", ["", "relative", "/nowhere/at/all", "@nobody-listens-here", "/" + "x" * 300])
def test_without_systemd_nothing_is_told_and_nothing_breaks(address, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    assert not tell(READY)


def test_a_manager_that_does_not_listen_does_not_hold_the_service_up(manager):
    told = [tell("STATUS=busy") for _ in range(int(Path("/proc/sys/net/unix/max_dgram_qlen").read_text()) + 2)]
    assert told[0]
    assert not told[-1]
