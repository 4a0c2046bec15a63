"""What Home Assistant is told: keys that it documents, templates that give what it expects, at the moments that matter.

The keys are those of its documentation (MQTT: discovery payload, sensor, binary sensor, button), as of 2025.
"""

import json
from datetime import UTC, datetime, timedelta

import pytest
from jinja2 import Environment, StrictUndefined

from deepthink.messages import mqtt
from deepthink.messages.base import Standing
from deepthink.messages.home_assistant import OUTCOMES, SEEN_SECONDS, discovery
from deepthink.messages.state import as_json, state, unknown
from tests.messages.brokers import until

PAYLOAD = {"device", "origin", "components", "availability_topic", "qos"}
DEVICE = {"identifiers", "name", "manufacturer", "model", "sw_version"}
ENTITY = {"platform", "unique_id", "name", "icon", "device_class", "entity_category", "json_attributes_topic",
          "json_attributes_template"}  # fmt: skip
KEYS = {
    "sensor": ENTITY | {"state_topic", "value_template", "unit_of_measurement", "state_class", "options"},
    "binary_sensor": ENTITY | {"state_topic", "value_template", "off_delay"},
    "button": ENTITY | {"command_topic", "payload_press", "retain"},
}
CLASSES = {
    "sensor": {"enum", "timestamp", "energy", "temperature"},
    "binary_sensor": {"occupancy", "problem"},
    "button": set(),
}
UNITS = {"energy": "Wh", "temperature": "°C"}
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
BUSY = Standing(
    version="v7", outcome="waits", outcome_says='it "waits"', waits_for="labels", to_review=3, people=4,
    unknown_today=1, unknown_last="2026-11-25T11:58:00+00:00", unknown_camera="porch", alarms=("porch",),
    running=True, run_step="train", run_done=1, run_total=4, last_watt_hours=12.5, celsius=51.5,
)  # fmt: skip
COMPONENTS = discovery("homeassistant", "deepthink")[1]["components"]


def rendered(key: str, standing: Standing, now: datetime = NOW, template: str = "value_template") -> str:
    """Render a component's template as Home Assistant does: null is None, and its own clock is `now`."""

    def as_timestamp(value, default=None):
        try:
            return (value if isinstance(value, datetime) else datetime.fromisoformat(value)).timestamp()
        except (TypeError, ValueError):
            return default

    component = COMPONENTS[key]
    topic = component["state_topic" if template == "value_template" else "json_attributes_topic"]
    told = json.loads(as_json({"deepthink/state": state, "deepthink/unknown": unknown}[topic](standing)))
    names = {"now": lambda: now, "as_timestamp": as_timestamp}
    environment = Environment(undefined=StrictUndefined)
    return environment.from_string(component[template], names).render(value_json=told)


def test_the_payload_has_only_keys_that_are_documented():
    topic, payload = discovery("homeassistant", "home")
    assert topic == "homeassistant/device/home/config"
    assert set(payload) == PAYLOAD
    assert set(payload["device"]) == DEVICE
    assert payload["origin"]["name"] == "DeepThink"
    for component in payload["components"].values():
        assert set(component) <= KEYS[component["platform"]], component
        assert component.get("device_class") in CLASSES[component["platform"]] | {None}


def test_home_assistants_own_rules_hold():
    for component in COMPONENTS.values():
        kind, platform = component.get("device_class"), component["platform"]
        assert component.get("entity_category") in (None, "diagnostic")
        assert ("options" in component) == (kind == "enum")
        assert kind not in UNITS or component["unit_of_measurement"] == UNITS[kind]
        assert kind != "energy" or "state_class" not in component  # measurement is refused with it
        assert kind != "enum" or not {"state_class", "unit_of_measurement"} & set(component)
        assert ("state_topic" in component) == (platform != "button")
    assert COMPONENTS["train"]["retain"] is False


def test_ids_are_unique_also_between_two_sites():
    ids = [one["unique_id"] for site in ("home", "barn") for one in discovery("ha", site)[1]["components"].values()]
    assert len(ids) == len(set(ids)) == 2 * len(COMPONENTS)
    assert discovery("ha", "home")[1]["device"]["identifiers"] != discovery("ha", "barn")[1]["device"]["identifiers"]


def test_topics_are_the_sites_own():
    told = json.dumps(discovery("homeassistant", "barn")[1])
    assert "barn/state" in told
    assert "deepthink/" not in told


@pytest.mark.parametrize(
    ("key", "busy", "new"),
    [
        ("version", "v7", "none"), ("outcome", "waits", "none"), ("to_review", "3", "0"), ("people", "4", "0"),
        ("unknown_today", "1", "0"), ("unknown_last", "2026-11-25T11:58:00+00:00", "None"), ("step", "train", "none"),
        ("progress", "25", "None"), ("watt_hours", "12.5", "None"), ("celsius", "51.5", "None"),
        ("unknown", "ON", "OFF"), ("drift", "ON", "OFF"), ("waits", "ON", "OFF"),
    ],
)  # fmt: skip
def test_templates_give_what_is_known_and_none_for_the_rest(key, busy, new):
    """None is "unknown" there; an empty text would leave the value of before."""
    assert rendered(key, BUSY) == busy
    assert rendered(key, Standing()) == new


def test_every_component_is_looked_at():
    marks = test_templates_give_what_is_known_and_none_for_the_rest.pytestmark[0].args[1]
    assert {key for key, *_ in marks} == set(COMPONENTS) - {"train"}


@pytest.mark.parametrize("standing", [BUSY, Standing()])
def test_attributes_are_json(standing):
    for key, component in COMPONENTS.items():
        if "json_attributes_template" in component:
            assert isinstance(json.loads(rendered(key, standing, template="json_attributes_template")), dict)


def test_an_outcome_is_one_of_the_options():
    """Home Assistant ignores others, and would go on showing the one before."""
    assert set(OUTCOMES) == {"none", "published", "deployed", "waits", "failed", "nothing"}


@pytest.mark.parametrize(
    ("seconds", "seen"), [(0, "ON"), (SEEN_SECONDS - 1, "ON"), (SEEN_SECONDS, "OFF"), (1e6, "OFF")]
)
def test_somebody_unknown_is_seen_for_five_minutes(seconds, seen):
    """What the broker kept may be old when Home Assistant starts: it must not ring then."""
    last = datetime.fromisoformat(BUSY.unknown_last)
    assert rendered("unknown", BUSY, last + timedelta(seconds=seconds)) == seen
    assert COMPONENTS["unknown"]["off_delay"] == SEEN_SECONDS


def test_what_else_changes_does_not_say_again_that_somebody_was_seen(mosquitto, ear, connect):
    broker = connect(mosquitto)
    for number in (1, 2):
        broker.tell(Standing(unknown_last=BUSY.unknown_last, to_review=number))
        until(lambda number=number: f'"to_review":{number}' in (ear.last("deepthink/state") or ""), "the state")
    broker.tell(Standing(unknown_last="2026-11-25T13:00:00+00:00"))
    until(lambda: "13:00" in ear.last("deepthink/unknown"), "the next")
    assert len(ear.of("deepthink/unknown")) == 2


def test_the_device_is_told_at_each_connection_and_kept(mosquitto, ear, connect):
    connect(mosquitto)
    until(lambda: ear.of("homeassistant/device/deepthink/config"), "the device")
    told = json.loads(ear.last("homeassistant/device/deepthink/config"))
    assert told == json.loads(as_json(discovery("homeassistant", "deepthink")[1]))
    topics = [topic for topic, *_ in ear.heard]
    assert topics.index("homeassistant/device/deepthink/config") < topics.index("deepthink/availability")


def test_home_assistants_birth_is_answered(mosquitto, ear, connect):
    connect(mosquitto).tell(BUSY)
    until(lambda: ear.of("deepthink/state"), "the state")
    for word in ("offline", "nonsense"):
        ear.say("homeassistant/status", word)
    ear.say("homeassistant/status", "online")
    until(lambda: len(ear.of("homeassistant/device/deepthink/config")) == 2, "the device, again")
    until(lambda: len(ear.of("deepthink/state")) == 2, "the state, again")


def test_many_births_are_one(mosquitto, ear, connect):
    connect(mosquitto)
    until(lambda: ear.of("deepthink/availability"), "online")
    for _ in range(50):
        ear.say("homeassistant/status", "online")
    until(lambda: len(ear.of("homeassistant/device/deepthink/config")) == 2, "the device, again")
    ear.say("homeassistant/status", "online")
    assert len(ear.of("homeassistant/device/deepthink/config")) == 2
    assert mqtt.BETWEEN_PRESSES == 10


def test_without_discovery_nothing_is_said_about_a_device(mosquitto, ear, connect):
    connect(mosquitto, discovery=None).tell(BUSY)
    until(lambda: ear.of("deepthink/state"), "the state")
    assert not [topic for topic, *_ in ear.heard if "config" in topic]


def test_another_prefix(mosquitto, ear, connect):
    connect(mosquitto, discovery="ha").tell(BUSY)
    until(lambda: ear.of("ha/device/deepthink/config"), "the device")
    ear.say("ha/status", "online")
    until(lambda: len(ear.of("ha/device/deepthink/config")) == 2, "the device, again")
