"""A site on a real Mosquitto: what it says, what it hears, and what it does not listen to."""

import json

import pytest

from deepthink.messages import mqtt
from deepthink.messages.base import News, Standing
from deepthink.messages.mqtt_news import MqttNews
from tests.messages.brokers import until


def test_the_state_is_told_as_json_and_kept_by_the_broker(mosquitto, connect, listen):
    connect(mosquitto).tell(Standing(version="v7", to_review=12, run_done=1, run_total=4, running=True))
    late = listen(mosquitto)
    until(lambda: late.last("deepthink/state"), "the state")
    told = json.loads(late.last("deepthink/state"))
    assert (told["version"], told["to_review"], told["progress"], told["celsius"]) == ("v7", 12, 25, None)
    later = listen(mosquitto)
    until(lambda: ("deepthink/state", late.last("deepthink/state"), True) in later.heard, "the state, kept")


def test_the_same_state_is_told_once(mosquitto, ear, connect):
    broker = connect(mosquitto)
    for number in (1, 1, 2):
        told = Standing(to_review=number)
        broker.tell(told)
        until(lambda told=told: broker._told is told, "it is looked at")
    until(lambda: '"to_review":2' in (ear.last("deepthink/state") or ""), "the second state")
    assert len(ear.of("deepthink/state")) == 2


def test_it_is_online_then_offline_when_it_ends(mosquitto, ear, connect):
    broker = connect(mosquitto)
    until(lambda: ear.of("deepthink/availability") == ["online"], "online")
    broker.close()
    until(lambda: ear.of("deepthink/availability") == ["online", "offline"], "offline")


def test_a_press_trains(mosquitto, ear, connect):
    presses = []
    connect(mosquitto, lambda: presses.append(1))
    ear.say("deepthink/train", "PRESS")
    until(lambda: presses, "training")


def test_presses_in_quick_succession_train_once(mosquitto, ear, connect):
    presses = []
    connect(mosquitto, lambda: presses.append(1))
    for _ in range(20):
        ear.say("deepthink/train", "PRESS")
    until(lambda: presses, "training")
    ear.say("deepthink/train", "PRESS")
    assert len(presses) == 1


def test_a_press_that_the_broker_kept_never_trains(mosquitto, ear, connect, monkeypatch):
    """It would train at every connection; it is also what a wrong switch in Home Assistant makes of the button."""
    monkeypatch.setattr(mqtt, "BETWEEN_PRESSES", 0.0)
    presses = []
    ear.say("deepthink/train", "PRESS", retain=True)
    broker = connect(mosquitto, lambda: presses.append(1))
    ear.say("deepthink/train", "nothing")  # comes after what was kept
    broker.tell(Standing())
    until(lambda: ear.of("deepthink/state"), "the state")
    assert not presses
    ear.say("deepthink/train", "PRESS", retain=True)  # said now, whatever becomes of it
    until(lambda: presses, "training")
    assert len(presses) == 1


@pytest.mark.parametrize("garbage", [b"", b"press", b"PRESS ", b"\xff\xfe\x00", b"PRESS" * 100_000, b'{"a": 1}'])
def test_garbage_does_nothing(mosquitto, ear, connect, garbage):
    presses = []
    broker = connect(mosquitto, lambda: presses.append(1))
    ear.say("deepthink/train", garbage)
    broker.tell(Standing(version="after"))
    until(lambda: '"after"' in (ear.last("deepthink/state") or ""), "it goes on")
    assert not presses


def test_a_training_that_cannot_be_asked_for_ends_nothing(mosquitto, ear, connect, caplog):
    def fails() -> None:
        raise RuntimeError("no")

    broker = connect(mosquitto, fails)
    ear.say("deepthink/train", "PRESS")
    until(lambda: "train now did not work" in caplog.text, "a line in the log")
    broker.tell(Standing(version="after"))
    until(lambda: '"after"' in (ear.last("deepthink/state") or ""), "it goes on")


def test_news_are_a_message_that_is_not_kept(mosquitto, ear, listen):
    news = News("deployed", "v7 is in production", "On two nodes.", version="v7")
    MqttNews(mosquitto.settings(), None).send(news)
    until(lambda: ear.of("deepthink/news"), "the news")
    assert json.loads(ear.last("deepthink/news")) == news.as_dict()
    late = listen(mosquitto)
    assert not late.of("deepthink/news")


def test_two_sites_have_topics_of_their_own(mosquitto, ear, connect):
    presses = []
    connect(mosquitto, lambda: presses.append("home"), topic="home").tell(Standing(version="h"))
    connect(mosquitto, lambda: presses.append("barn"), topic="barn").tell(Standing(version="b"))
    until(lambda: ear.of("home/state") and ear.of("barn/state"), "both")
    ear.say("barn/train", "PRESS")
    until(lambda: presses, "training")
    assert presses == ["barn"]


def test_password_and_encryption(brokers, connect, listen):
    broker = brokers(login=("site", "open sesame"), tls=True)
    connect(broker, password="open sesame").tell(Standing(version="v7"))
    ear = listen(broker)
    until(lambda: ear.of("deepthink/state"), "the state")
    MqttNews(broker.settings(), "open sesame").send(News("trouble", "t", "x"))
    until(lambda: ear.of("deepthink/news"), "the news")
