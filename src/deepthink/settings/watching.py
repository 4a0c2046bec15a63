"""The parts of a site's settings that concern what it does by itself, and whom it tells."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import ByteSize, Field

from deepthink.settings.sections import WORD, Section


class PullSettings(Section):
    """Where facelist and facedata are fetched after an unmodified sentinel has embedded faces: docs/steps/watch.md."""

    facelist: Path | None = Field(None, description="its facelist.csv; null: the site's own facelist is the one")
    facedata: Path | None = Field(None, description="its facedata.hdf5, checked beside it; null: not looked at")
    host: str | None = Field(None, pattern=WORD, description="the machine they are on, over ssh; null: this one")
    user: str | None = Field(None, pattern=WORD, description="who to log in as there")
    port: int | None = Field(None, ge=1, le=65535, description="its port")
    key: Path | None = Field(None, description="the private key to log in with")


class ScheduleSettings(Section):
    """When a model is trained, by this machine's clock, as in SentinelCam's deepthink_training_schedule."""

    enabled: bool = Field(False, description="whether it is trained by the clock at all")
    hour: str = Field("3", coerce_numbers_to_str=True, description="0 to 23, or several: 3,15")
    minute: str = Field("0", coerce_numbers_to_str=True, description="0 to 59")
    day: str = Field(
        "*", coerce_numbers_to_str=True, description="days of the week: *, sun, mon-fri, 1,4 (0 is Sunday)"
    )


class WatchSettings(Section):
    """What makes the service train by itself, and what it may do then: docs/steps/watch.md."""

    deploy: Literal["ask", "passed"] = Field(
        "ask",
        description="ask: a person deploys; passed: what all gates let pass is deployed, in the window if there is one",
    )
    collect: bool | None = Field(
        None, description="detect, recognise and sweep new events; null: unless a sentinel that does so is named"
    )
    sentinel: str | None = Field(
        None,
        pattern=r"^tcp://",
        description="where SentinelCam's sentinel publishes its log, such as tcp://sentinel:5566",
    )
    pull: PullSettings = PullSettings()
    selected: int = Field(20, ge=0, description="so many newly selected faces are a reason to train; 0: none is")
    enrolled: bool = Field(True, description="somebody who has no face in the last training is a reason")
    drift: bool = Field(
        False, description="an alarm that recognition has changed is a reason to train, not only a message"
    )
    settle_minutes: float = Field(
        10, ge=0, description="the facelist must be left alone for so long before it is a reason"
    )
    cool_down_hours: float = Field(6, ge=0, description="between two runs that nobody asked for")
    schedule: dict[str, ScheduleSettings] = Field(
        {"face_model": ScheduleSettings()}, description="by model: {enabled, hour, minute, day}"
    )
    look_minutes: float = Field(5, gt=0, description="between two looks at what has changed, at least")
    hot: float = Field(85, gt=0, description="°C of the processor; from there on a run pauses until it is 10 cooler")
    least_memory: ByteSize = Field(
        ByteSize(200 * 2**20),
        description="a run is ended, and taken up later, when less than this is free, swap included",
    )
    metrics: str | None = Field(
        None,
        pattern=r"^[0-9A-Za-z_.:\[\]-]+:\d+$",
        description="address:port of the Prometheus endpoint, 127.0.0.1:9108",
    )

    @property
    def collects(self) -> bool:
        """Whether new events are detected, recognised and swept here: unless a sentinel is named, which does so."""
        return self.sentinel is None if self.collect is None else self.collect


class MqttSettings(Section):
    """A broker, for Home Assistant and others: docs/steps/messages.md."""

    host: str | None = Field(None, pattern=WORD, description="null: none")
    port: int | None = Field(None, ge=1, le=65535, description="null: 1883, or 8883 with tls")
    user: str | None = Field(None, description="who to log in as")
    password_file: Path | None = Field(None, description="a file that holds the password, and nothing else")
    tls: bool = Field(False, description="whether the connection is encrypted")
    ca: Path | None = Field(None, description="the certificate to trust, where it is one of your own")
    topic: str = Field("deepthink", pattern=r"^[A-Za-z0-9_-]+$", description="what all topics begin with; one a site")
    discovery: str | None = Field(
        "homeassistant",
        pattern=r"^[A-Za-z0-9_/-]+$",
        description="Home Assistant's discovery prefix; null: no discovery",
    )


class WebhookSettings(Section):
    """An address that is told what happens, signed."""

    url: str = Field(pattern=r"^https?://", description="where it is sent, by POST, as JSON")
    secret_file: Path = Field(description="a file that holds the secret of the HMAC, 16 characters or more")


class MessagesSettings(Section):
    """Who is told what happens: docs/steps/messages.md."""

    mqtt: MqttSettings = MqttSettings()
    notify_file: Path | None = Field(
        None, description="a file of Apprise addresses, one a line: mailto://, ntfy://, tgram://"
    )
    webhooks: list[WebhookSettings] = Field([], description="{url, secret_file}")
    of: list[Literal["waits", "deployed", "failed", "drift", "trouble"]] = Field(
        ["waits", "deployed", "failed", "drift", "trouble"], description="what people are told of"
    )
