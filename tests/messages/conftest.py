"""What the tests of messages share: a broker, who listens to it, and a connection to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from deepthink.messages.mqtt import Broker
from tests.messages.brokers import Ear, Mosquitto, until
from tests.messages.receivers import Receiver, SmtpSink


@pytest.fixture
def brokers(tmp_path) -> Iterator[Callable[..., Mosquitto]]:
    """Make brokers that end with the test, also when it fails."""
    made: list[Mosquitto] = []

    def make(**how) -> Mosquitto:
        made.append(Mosquitto(tmp_path / f"mosquitto{len(made)}", **how))
        return made[-1]

    yield make
    for broker in made:
        broker.stop()


@pytest.fixture
def mosquitto(brokers) -> Mosquitto:
    return brokers()


@pytest.fixture
def listen() -> Iterator[Callable[[Mosquitto], Ear]]:
    """Listen until the test ends."""
    made: list[Ear] = []

    def make(broker: Mosquitto) -> Ear:
        made.append(Ear(broker))
        return made[-1]

    yield make
    for ear in made:
        ear.close()


@pytest.fixture
def ear(mosquitto, listen) -> Ear:
    return listen(mosquitto)


@pytest.fixture
def connect() -> Iterator[Callable[..., Broker]]:
    """Make connections that end with the test."""
    made: list[Broker] = []

    def make(mosquitto: Mosquitto, train=lambda: None, password=None, wait=True, **settings) -> Broker:
        broker = Broker(mosquitto.settings(**settings), password, train, waits=(0.1, 0.4))
        made.append(broker.start())
        if wait:
            until(lambda: broker.connected, "we are connected")
        return broker

    yield make
    for broker in made:
        broker.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    web = Receiver()
    yield web
    web.close()


@pytest.fixture
def smtp() -> Iterator[SmtpSink]:
    sink = SmtpSink()
    yield sink
    sink.close()
