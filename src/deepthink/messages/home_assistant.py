"""What Home Assistant has to know to show a site as one device: MQTT discovery, a device and its components."""

from __future__ import annotations

from typing import Any, get_args

from deepthink import __version__
from deepthink.messages.base import Outcome

SEEN_SECONDS = 300  # that somebody unknown counts as just seen
OUTCOMES = ["none", *get_args(Outcome)]


def discovery(prefix: str, topic: str) -> tuple[str, dict[str, Any]]:
    """Return the topic and the payload that make a site a device with sensors and a button.

    Parameters
    ----------
    prefix : str
        Home Assistant's discovery prefix, `homeassistant` unless it was changed there.
    topic : str
        What all topics of the site begin with; its name as a device too.

    Examples
    --------
    >>> at, payload = discovery("homeassistant", "deepthink")
    >>> at, payload["components"]["train"]["command_topic"]
    ('homeassistant/device/deepthink/config', 'deepthink/train')
    """
    name = "DeepThink" if topic == "deepthink" else f"DeepThink {topic}"
    payload = {
        "device": {"identifiers": [f"deepthink_{topic}"], "name": name, "manufacturer": "DeepThink",
                   "model": "Face recognition of a site", "sw_version": __version__},
        "origin": {"name": "DeepThink", "sw_version": __version__},
        "availability_topic": f"{topic}/availability",
        "qos": 1,
        "components": {key: _component(topic, key, **one) for key, one in _components(topic).items()},
    }  # fmt: skip
    return f"{prefix}/device/{topic}/config", payload


def _component(topic: str, key: str, platform: str, name: str, **more: Any) -> dict[str, Any]:
    attributes = more.pop("attributes", None)
    common = {"platform": platform, "unique_id": f"deepthink_{topic}_{key}", "name": name}
    if platform != "button":
        common["state_topic"] = f"{topic}/state"
    if attributes:
        pairs = ", ".join(f"'{one}': value_json.{one}" for one in attributes)
        more["json_attributes_topic"] = more.get("state_topic", f"{topic}/state")
        more["json_attributes_template"] = "{{ {" + pairs + "} | tojson }}"
    return {**common, **more}


def _components(topic: str) -> dict[str, dict[str, Any]]:
    return {**_sensors(topic), **_questions(topic), "train": _button(topic)}


def _sensors(topic: str) -> dict[str, dict[str, Any]]:
    return {
        "version": _sensor("Version", "{{ value_json.version or 'none' }}", icon="mdi:tag", attributes=["since"]),
        "outcome": _sensor("Last run", "{{ value_json.outcome or 'none' }}", icon="mdi:gate", device_class="enum",
                           options=OUTCOMES, attributes=["outcome_says", "outcome_version"]),
        "to_review": _count("Faces to review", "to_review", "faces", icon="mdi:account-question"),
        "people": _count("People enrolled", "people", "people", icon="mdi:account-group"),
        "unknown_today": _count("Unknown seen today", "unknown_today", "events", icon="mdi:incognito",
                                attributes=["events_today", "named_today"]),
        "unknown_last": _sensor("Unknown last seen", "{{ value_json.last }}", device_class="timestamp",
                                state_topic=f"{topic}/unknown", attributes=["camera"]),
        "step": _sensor("Step", "{{ value_json.run_step if value_json.running and value_json.run_step else 'none' }}",
                        icon="mdi:progress-wrench", entity_category="diagnostic",
                        attributes=["run_version", "seconds_left"]),
        "progress": _figure("Progress", "progress", "%", icon="mdi:progress-clock"),
        "watt_hours": _figure("Energy of the last run", "last_watt_hours", "Wh", device_class="energy",
                              state_class=None, attributes=["last_seconds"]),
        "celsius": _figure("Temperature", "celsius", "°C", device_class="temperature"),
    }  # fmt: skip


def _questions(topic: str) -> dict[str, dict[str, Any]]:
    """Return what is answered by on or off."""
    # what is kept by the broker may be old when Home Assistant starts, so its own clock decides; off_delay ends it
    seen = (
        "{{ 'ON' if value_json.last and as_timestamp(now()) - as_timestamp(value_json.last, 0) < "
        f"{SEEN_SECONDS} else 'OFF' }}}}"
    )
    return {
        "unknown": {"platform": "binary_sensor", "name": "Unknown person seen", "device_class": "occupancy",
                    "state_topic": f"{topic}/unknown", "value_template": seen, "off_delay": SEEN_SECONDS,
                    "attributes": ["last", "camera"]},
        "drift": _flag("Recognition has changed", "drift", device_class="problem", attributes=["alarms"]),
        "waits": _flag("Waits for a person", "waits", icon="mdi:account-clock", attributes=["waits_for"]),
    }  # fmt: skip


def _button(topic: str) -> dict[str, Any]:
    return {"platform": "button", "name": "Train now", "command_topic": f"{topic}/train", "payload_press": "PRESS",
            "retain": False, "icon": "mdi:school"}  # fmt: skip


def _sensor(name: str, template: str, **more: Any) -> dict[str, Any]:
    return {"platform": "sensor", "name": name, "value_template": template, **more}


def _count(name: str, key: str, unit: str, **more: Any) -> dict[str, Any]:
    figure = {"unit_of_measurement": unit, "state_class": "measurement"}
    return _sensor(name, f"{{{{ value_json.{key} }}}}", **figure, **more)


def _figure(name: str, key: str, unit: str, state_class: str | None = "measurement", **more: Any) -> dict[str, Any]:
    measured = {"state_class": state_class} if state_class else {}  # energy of one run is neither level nor sum
    category = {"entity_category": "diagnostic", "unit_of_measurement": unit}
    return _sensor(name, f"{{{{ value_json.{key} }}}}", **category, **measured, **more)


def _flag(name: str, key: str, **more: Any) -> dict[str, Any]:
    template = f"{{{{ 'ON' if value_json.{key} else 'OFF' }}}}"
    return {"platform": "binary_sensor", "name": name, "value_template": template, **more}
