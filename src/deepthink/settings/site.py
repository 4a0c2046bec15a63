"""One Settings object: defaults, then site.yaml, then DEEPTHINK_ environment variables, then flags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from deepthink.errors import SettingsError
from deepthink.settings.sections import (
    DatasinkSettings,
    DeploymentSettings,
    DetectionSettings,
    MlflowSettings,
    RetainSettings,
    SweepSettings,
    TargetSettings,
    TrainSettings,
    ValidationSettings,
)
from deepthink.settings.watching import MessagesSettings, WatchSettings

SITE_FILE = "site.yaml"
_flags: ContextVar[Mapping[str, Any]] = ContextVar(
    "flags", default=MappingProxyType({})
)  # of the load that is going on


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
    watch: WatchSettings = WatchSettings()
    messages: MessagesSettings = MessagesSettings()
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

    @property
    def watch_folder(self) -> Path:
        """The folder of what the site does by itself: its state, its requests, its messages."""
        return self.path(self.training) / "watch"


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
        folder = file.parent if file.suffix in (".yaml", ".yml") else file
        raise SettingsError(f"No site at {file}. Make one with: deepthink init {folder}") from None
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
