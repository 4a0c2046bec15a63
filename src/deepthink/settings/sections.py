"""The parts of a site's settings that concern the road: what is seen, learnt, proven and deployed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ByteSize, ConfigDict, Field, field_validator, model_validator

WORD = r"^[A-Za-z0-9_][A-Za-z0-9_.:%-]*$"  # of ssh's command line, where a leading dash would make it an option


class Section(BaseModel):
    """A part of the settings; a key that is not known is an error, so that a typing slip is not ignored."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class DatasinkSettings(Section):
    """Where events come from."""

    data: Path = Field(Path("datasink/data"), description="folder of a datasink's CSV files, one folder a day")
    images: Path = Field(Path("datasink/images"), description="folder of its JPEG files, one folder a day")
    name: str = Field("data1", description="the datasink's name, as it stands in SentinelCam's keys")
    feed: str | None = Field(
        None, description="a DataPump to read from instead, tcp://data1:5556; results stay in `data`"
    )
    curve: Path | None = Field(None, description="folder of CURVE keys, where that DataPump wants them")


class DetectionSettings(Section):
    """How faces are found and judged."""

    detector: str = Field("auto", description="auto (yunet where its file is, else opencv), opencv, yunet or dlib")
    min_size: int = Field(40, ge=20, description="pixels; a smaller face is not usable")
    min_focus: float = Field(5.0, ge=0, description="see docs/steps/detect.md; a more blurred face is not usable")
    max_angle: float = Field(40.0, gt=0, le=90, description="degrees; a head tilted more is not usable")
    max_turn: float = Field(0.75, gt=0, le=2, description="0 faces the camera, 1 the nose is under an eye")


class SweepSettings(Section):
    """Which recognised faces are proposed for review."""

    confident_probability: float = Field(0.99, gt=0, lt=1, description="more than this, and near: the confident lane")
    confident_distance: float = Field(0.65, gt=0, description="embedding units; less than this: the confident lane")
    per_event: int = Field(6, ge=1, description="at most so many candidates from one event: its frames are alike")
    same_picture: int = Field(3, ge=0, le=64, description="bits in which two perceptual hashes may differ and be one")


class TrainSettings(Section):
    """How a recogniser is trained."""

    preset: Literal["quick", "standard", "wide"] = Field("standard", description="grid: quick, standard or wide")
    classifier: Literal["auto", "svm"] = Field(
        "auto", description="auto: the one that misses fewest residents, usually svm; svm: always it"
    )
    folds: int = Field(5, ge=2, le=20, description="cross-validation folds, cut by event")
    fpir: float = Field(0.01, gt=0, lt=0.5, description="the share of strangers' events that may be given a name")
    budget_minutes: float | None = Field(None, gt=0, description="minutes after which the best model so far is taken")
    memory: ByteSize | None = Field(None, description="what training may take while it searches, such as 1.5G")
    cluster: str | None = Field(None, description="a Dask scheduler whose workers help, such as tcp://10.0.0.2:8786")
    nice: int = Field(10, ge=0, le=19, description="how far training steps back for what else the machine does")
    stall_minutes: float = Field(30, gt=0, description="minutes without progress after which training is ended")


class ValidationSettings(Section):
    """What a version must show before it may go near a camera."""

    hold_out: float = Field(0.25, ge=0, lt=0.9, description="share of reviewed events kept from training and asked")
    days: list[str] = Field([], description="days whose events are never trained on and all asked; needs `truth`")
    truth: Path | None = Field(None, description="who is really in each frame, where that is known (simulated sites)")
    max_fnir: float = Field(0.10, ge=0, le=1, description="gate: residents' events not named rightly, at most")
    max_fpir: float = Field(0.05, ge=0, le=1, description="gate: strangers' events given a name, at most")
    max_mistaken: float = Field(0.05, ge=0, le=1, description="gate: residents' events given another's name, at most")
    tags: dict[str, list[str]] = Field({}, description="groups to report: people, or hours as 20-6")
    min_mated: int = Field(5, ge=0, description="gate: residents' events asked, at least")
    min_nonmated: int = Field(5, ge=0, description="gate: strangers' events asked, at least")


class RetainSettings(Section):
    """How long events are kept: docs/steps/retain.md."""

    enabled: bool = Field(False, description="whether `deepthink retain` deletes without --delete, as a timer needs it")
    file: Path | None = Field(None, description="SentinelCam's DailyCleanup.yaml, whose profiles then count")
    profiles: dict[str, dict[str, Any]] = Field(
        {"default": {"strategy": "face_quality", "retention_days": 14, "extended_days": 30}},
        description="name: {strategy, retention_days, extended_days, speed_cutoff, confidence_threshold, "
        "min_face_ratio, nodes}",
    )
    scan_days: int | None = Field(None, ge=0, description="look at no older days than this; null: at all")


class TargetSettings(Section):
    """A machine that receives versions: docs/steps/deploy.md."""

    name: str = Field(description="how it is called in messages")
    kind: str = Field("local", description="local: a folder on this machine; ssh: one on another")
    role: Literal["sentinel", "datasink", "outpost"] = Field("sentinel", description="decides what it receives")
    receives: list[str] | None = Field(None, description="other parts: model, baselines, facelist, facedata")
    version: str | None = Field(None, description="keep it on this version, whatever the others run")
    folder: Path = Field(description="where versions are put; of ssh, relative to the home folder there")
    host: str | None = Field(None, pattern=WORD, description="ssh: its name or address")
    user: str | None = Field(None, pattern=WORD, description="ssh: who to log in as")
    port: int | None = Field(None, ge=1, le=65535, description="ssh: its port")
    key: Path | None = Field(None, description="ssh: the private key to log in with")
    python: str | None = Field(None, description="ssh: the interpreter there that verifies versions")
    restart: str | None = Field(None, description="ssh: a command there that starts anew what uses the version")
    healthy: str | None = Field(None, description="ssh: a command there that succeeds when that does its work")
    patience: float | None = Field(None, gt=0, description="ssh: seconds within which `healthy` must succeed")

    @model_validator(mode="after")
    def _host_is_of_ssh(self) -> TargetSettings:
        of_ssh = {"host", "user", "port", "key", "python", "restart", "healthy", "patience"}
        given = sorted(of_ssh & set(self.model_dump(exclude_none=True)))
        if self.kind == "local" and given:
            raise ValueError(f"{given[0]} is for targets of kind ssh")
        if self.kind == "ssh" and self.host is None:
            raise ValueError("a target of kind ssh needs a host")
        return self


class MlflowSettings(Section):
    """MLflow's registry as a mirror of ours, and a way in: docs/steps/versions.md."""

    uri: str | None = Field(
        None, description="http(s)://host:port; null: none. Who logs in: MLFLOW_TRACKING_USERNAME and its like"
    )
    model: str = Field("face_recognition", pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$", description="its model's name")

    @field_validator("uri")
    @classmethod
    def _is_a_plain_address(cls, uri: str | None) -> str | None:
        if uri is None:
            return None
        parts = urlsplit(uri)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("it must be http://host:port or https://host")
        if "@" in parts.netloc:
            raise ValueError("no password belongs here: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD")
        return uri.rstrip("/")


class DeploymentSettings(Section):
    """How a version reaches many machines: docs/steps/deploy.md."""

    inventory: Path | None = Field(None, description="an Ansible inventory, whose hosts receive versions")
    via: Literal["ansible", "ssh"] = Field("ansible", description="what reaches them; ssh is several times faster")
    targets: dict[str, dict[str, list[str]]] = Field(
        {},
        description="face_model: {sentinels: [...], datasinks: [...], outposts: [...]}; empty: as the inventory says",
    )
    canary: int = Field(1, ge=0, description="so many go first; when one fails the others never hear of the version")
    batch: int = Field(20, ge=1, description="so many at a time after them")
    on_failure: Literal["revert", "keep"] = Field(
        "revert", description="whether a failure takes the others back, or leaves them on the new version"
    )
    window: str | None = Field(
        None,
        pattern=r"^ *\d{1,2}:\d{2} ?- ?\d{1,2}:\d{2} *$",
        description="hours in which machines may be changed, by this machine's clock, such as 03:00-05:00",
    )
