"""A broker that is away, refuses, hangs or lies: nothing blocks, nothing grows, and all is said once it is back."""

import json
import re
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from deepthink.errors import DeliveryError
from deepthink.messages import mqtt_news
from deepthink.messages.base import News, Standing
from deepthink.messages.mqtt_news import MqttNews
from tests.messages.brokers import Mosquitto, until

NEWS = News("trouble", "t", "x")


def resident() -> int:
    return int(re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())[1])  # kB


def test_after_an_hour_away_only_the_latest_is_told(mosquitto, connect, listen):
    """An hour of a state every two seconds; the broker comes back without a memory."""
    broker = connect(mosquitto)
    mosquitto.kill()
    until(lambda: not broker.connected, "it is noticed")
    before, began = resident(), time.monotonic()
    for number in range(1800):
        broker.tell(Standing(to_review=number, outcome_says="x" * 10_000))
    assert time.monotonic() - began < 1
    assert resident() - before < 4_000
    mosquitto.start()
    ear = listen(mosquitto)
    until(lambda: ear.of("deepthink/state"), "the state")
    assert [json.loads(told)["to_review"] for told in ear.of("deepthink/state")] == [1799]
    assert ear.last("deepthink/availability") == "online"
    assert ear.last("homeassistant/device/deepthink/config")


def test_a_broker_that_is_not_there_at_first(mosquitto, connect, listen):
    mosquitto.kill()
    broker = connect(mosquitto, wait=False)
    broker.tell(Standing(version="v7"))
    mosquitto.start()
    ear = listen(mosquitto)
    until(lambda: ear.of("deepthink/state"), "the state")


def test_being_away_is_said_once(mosquitto, connect, caplog):
    mosquitto.kill()
    connect(mosquitto, wait=False)
    time.sleep(1.5)  # several tries
    assert caplog.text.count("Connection refused") == 1


def test_a_broker_that_stands_still_blocks_and_piles_up_nothing(mosquitto, ear, connect):
    broker = connect(mosquitto)
    mosquitto.stand_still()
    began = time.monotonic()
    for number in range(100):
        broker.tell(Standing(to_review=number, outcome_says="x" * 10_000))
        time.sleep(0.03)
    assert time.monotonic() - began < 5
    assert len(broker._flying) == len(set(broker._flying.values())) > 0  # of each topic one payload, no more
    mosquitto.go_on()
    until(lambda: '"to_review":99' in (ear.last("deepthink/state") or ""), "the latest state")


@pytest.fixture
def elsewhere(mosquitto):
    """The same site in a process of its own, connected."""
    code = (
        "import time; from deepthink.settings.watching import MqttSettings; from deepthink.messages.mqtt import Broker;"
        f"Broker(MqttSettings(host='127.0.0.1', port={mosquitto.port}), None, print).start(); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    yield process
    process.kill()
    process.wait()


def test_who_is_killed_is_offline(ear, elsewhere):
    """The last will: the broker says it for us."""
    until(lambda: ear.of("deepthink/availability") == ["online"], "online")
    elsewhere.kill()
    until(lambda: ear.of("deepthink/availability") == ["online", "offline"], "offline")


def test_the_will_of_who_vanished_is_not_spoken_over_the_next(mosquitto, ear, elsewhere, connect):
    """A connection whose end is gone without a word is noticed late by the broker; the site is long back by then."""
    until(lambda: ear.of("deepthink/availability") == ["online"], "online")
    elsewhere.send_signal(signal.SIGSTOP)
    connect(mosquitto)
    until(lambda: len(ear.of("deepthink/availability")) > 1 and ear.last("deepthink/availability") == "online", "again")
    elsewhere.kill()
    elsewhere.wait()
    connect(mosquitto, topic="other")  # whatever the broker has to say of the dead, it says before this
    until(lambda: ear.last("other/availability") == "online", "another site")
    assert ear.last("deepthink/availability") == "online"


def test_a_wrong_password_is_said_and_ends_nothing(brokers, connect, caplog):
    broker = brokers(login=("site", "open sesame"))
    connect(broker, password="open barley", wait=False)
    until(lambda: "Not authorized" in caplog.text, "a line in the log")
    with pytest.raises(DeliveryError, match="Not authorized"):
        MqttNews(broker.settings(), "open barley").send(NEWS)
    assert "barley" not in caplog.text


def test_a_certificate_of_somebody_else_is_not_trusted(brokers, connect, caplog):
    broker = brokers(tls=True)
    connect(broker, wait=False, ca=None)
    until(lambda: "certificate is not trusted" in caplog.text, "a line in the log")
    with pytest.raises(DeliveryError, match="certificate is not trusted"):
        MqttNews(broker.settings(ca=None), None).send(NEWS)


def test_who_listens_and_never_answers_holds_nobody_up(connect, monkeypatch):
    monkeypatch.setattr(mqtt_news, "SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        there = SilentBroker(silent.getsockname()[1])
        broker = connect(there, wait=False)
        broker.tell(Standing())
        with pytest.raises(DeliveryError, match="does not answer"):
            MqttNews(there.settings(), None).send(NEWS)
        began = time.monotonic()
        broker.close()
        assert time.monotonic() - began < 3


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x20\x02\x00", b"\x20\x7f" + b"\xff" * 200])
def test_who_answers_something_else_is_no_broker(connect, caplog, answer):
    class Answers(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(100)
            self.request.sendall(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        broker = connect(SilentBroker(server.server_address[1]), wait=False)
        until(lambda: "mqtt: 127.0.0.1" in caplog.text, "a line in the log")
        assert broker._thread.is_alive()
        server.shutdown()


def test_idle_it_costs_next_to_nothing(mosquitto):
    """Under 0.1 % of a core; the test allows for a busy machine."""
    idle = (
        "import time; from deepthink.settings.watching import MqttSettings; from deepthink.messages.mqtt import Broker;"
        f"b = Broker(MqttSettings(host='127.0.0.1', port={mosquitto.port}), None, print).start(); time.sleep(2);"
        "before = time.process_time(); time.sleep(5); print(b.connected, (time.process_time() - before) / 5)"
    )
    connected, share = subprocess.run([sys.executable, "-c", idle], capture_output=True, text=True).stdout.split()
    assert connected == "True"
    assert float(share) < 0.004


class SilentBroker(Mosquitto):
    """An address at which no broker is."""

    def __init__(self, port: int) -> None:
        self.port, self.tls, self.login = port, False, None
