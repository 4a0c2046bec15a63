"""One Settings object: defaults, then site.yaml, then DEEPTHINK_ environment variables, then flags."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ByteSize, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from deepthink.errors import SettingsError

SITE_FILE = "site.yaml"
_WORD = r"^[A-Za-z0-9_][A-Za-z0-9_.:%-]*$"  # of ssh's command line, where a leading dash would make it an option
_flags: ContextVar[Mapping[str, Any]] = ContextVar(
    "flags", default=MappingProxyType({})
)  # of the load that is going on


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
    host: str | None = Field(None, pattern=_WORD, description="ssh: its name or address")
    user: str | None = Field(None, pattern=_WORD, description="ssh: who to log in as")
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


class Settings(BaseSettings):
    """Everything a site can set."""

    model_config = SettingsConfigDict(env_prefix="DEEPTHINK_", env_nested_delimiter="__", extra="forbid")

    root: Path = Field(Path(), exclude=True, description="the site's folder; paths below are relative to it")
    datasink: DatasinkSettings = DatasinkSettings()
    facelist: Path = Field(Path("facelist.csv"), description="the curated rows")
    training: Path = Field(Path("training"), description="folder of facedata, parameter files and executed notebooks")
    registry: Path = Field(Path("registry"), description="folder of published versions")
    keys: Path = Field(
        Path("keys"), description="folder of the key that signs versions, and of the keys that are trusted"
    )
    montages: Path = Field(Path("montages"), description="folder of contact sheets for review")
    rules: Literal["deepthink", "sentinelcam"] = Field(
        "deepthink", description="deepthink, or sentinelcam for its exact rules with their faults: docs/sentinelcam.md"
    )
    embedder: str = Field(
        "dlib-resnet", description="dlib-resnet, sface, mobilefacenet, openface, or a description: my.yaml"
    )
    mirror: bool = Field(True, description="embed each face and its mirror image: twice the time, fewer errors")
    detection: DetectionSettings = DetectionSettings()
    sweep: SweepSettings = SweepSettings()
    train: TrainSettings = TrainSettings()
    validation: ValidationSettings = ValidationSettings()
    retain: RetainSettings = RetainSettings()
    mlflow: MlflowSettings = MlflowSettings()
    deployment: DeploymentSettings = DeploymentSettings()
    targets: list[TargetSettings] = Field(
        [TargetSettings(name="sentinel1", folder=Path("targets/sentinel1"))], description="who receives versions"
    )

    @field_validator("targets")
    @classmethod
    def _names_differ(cls, targets: list[TargetSettings]) -> list[TargetSettings]:
        names = [target.name for target in targets]
        if len(set(names)) < len(names):
            raise ValueError("two targets have the same name")
        return targets

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let flags win over the environment, and that over site.yaml, which arrives as the initial values."""
        return InitSettingsSource(settings_cls, dict(_flags.get())), env_settings, init_settings

    def path(self, relative: Path) -> Path:
        """Return a path of the settings as it lies on this machine."""
        return self.root / relative.expanduser()


def load(site: Path | str = SITE_FILE, flags: Iterable[str] = ()) -> Settings:
    """Read a site's settings.

    Parameters
    ----------
    site : Path or str
        A site.yaml, or the folder that holds one. All its relative paths are relative to its folder.
    flags : iterable of str
        `train.preset=quick`: values that win over everything.

    Raises
    ------
    SettingsError
        There is no such file, it is not YAML, or a key or a value in it cannot work.
    """
    file = Path(site)
    file = file / SITE_FILE if file.is_dir() else file
    try:
        content = YAML(typ="safe").load(file.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        raise SettingsError(f"No site at {file}. Make one with: deepthink init {file.parent}") from None
    except (OSError, ValueError, YAMLError) as error:  # ValueError: no UTF-8, or a day such as 2026-13-45
        raise SettingsError(f"{file} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise SettingsError(f"{file} must hold keys and values, such as 'embedder: dlib-resnet'.")
    return _checked(file, {**content, "root": file.parent.resolve()}, _nested(flags))


def without_site(flags: Iterable[str] = ()) -> Settings:
    """Return the defaults, with flags, for work that belongs to no site."""
    return _checked(Path("the command line"), {}, _nested(flags))


def _nested(flags: Iterable[str]) -> dict[str, Any]:
    """Turn `train.preset=quick` into {"train": {"preset": "quick"}}; values are read as YAML is."""
    nested: dict[str, Any] = {}
    for flag in flags:
        key, found, value = flag.partition("=")
        if not found or not key:
            raise SettingsError(f"{flag!r} sets nothing: write key=value, such as train.preset=quick.")
        *sections, last = key.split(".")
        place = nested
        for section in sections:
            place = place.setdefault(section, {})
            if not isinstance(place, dict):
                raise SettingsError(f"{flag!r}: another flag makes {section} a single value.")
        place[last] = _flag_value(flag, value)
    return nested


def _flag_value(flag: str, value: str) -> Any:
    try:
        return YAML(typ="safe").load(value)
    except (ValueError, YAMLError) as error:
        raise SettingsError(f"{flag!r} cannot be read: {' '.join(str(error).split())}") from None


def _checked(file: Path, values: dict[str, Any], flags: dict[str, Any]) -> Settings:
    token = _flags.set(flags)
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{file}: {key}: {first['msg']}. deepthink init --print shows every key.") from None
    except SourceError as error:
        raise SettingsError(f"{error}: it must be JSON.") from None
    finally:
        _flags.reset(token)


def template(settings: Settings | None = None) -> str:
    """Return a site.yaml with every key, its value, and a comment that says what it is for."""
    head = "# A DeepThink site. Relative paths are relative to this file's folder.\n"
    return head + "\n".join(_described(settings or Settings(), indent=0)) + "\n"


def _described(section: BaseModel, indent: int) -> list[str]:
    lines: list[str] = []
    for key, field in type(section).model_fields.items():
        value = getattr(section, key)
        if field.exclude:
            continue
        if isinstance(value, Section):
            doc = (type(value).__doc__ or "").strip()
            lines += [f"\n# {doc}", f"{key}:", *_described(value, indent + 2)]
        else:
            lines += [f"{' ' * indent}# {field.description}", *_valued(key, value, indent)]
    return lines


def _valued(key: str, value: Any, indent: int) -> list[str]:
    pad = " " * indent
    if isinstance(value, list) and value and isinstance(value[0], Section):
        given = [item.model_dump(exclude_none=True) for item in value]
        items = [", ".join(f"{name}: {_scalar(part)}" for name, part in item.items()) for item in given]
        return [f"{pad}{key}:", *(f"{pad}  - {{{item}}}" for item in items)]
    if isinstance(value, list):
        return [f"{pad}{key}: [{', '.join(repr(str(item)) for item in value)}]"]
    return [f"{pad}{key}: {_scalar(value)}"]


def _scalar(value: Any) -> str:
    """Write one value, a word in quotes only where YAML would read it as something else."""
    if value is None:
        return "null"
    if not isinstance(value, str | Path):
        return str(value)
    text = str(value)
    try:
        plain = all(YAML(typ="safe").load(line) == {"a": text} for line in (f"a: {text}", f"{{a: {text}}}"))
    except (ValueError, YAMLError):
        plain = False
    return text if plain else json.dumps(text, ensure_ascii=False)
