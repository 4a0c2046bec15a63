"""SentinelCam's `sentinel.yaml` and its task files, read as they are."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from deepthink.errors import SettingsError

LAST_PORT = 65535
RETRIES, STALL_MINUTES = 1, 10.0  # where a task says nothing


@dataclass(frozen=True)
class Task:
    """One entry of `task_list`."""

    name: str
    does: str  # whose work it is: its own name's, or its alias's
    job_class: int
    config: Path | None = None  # the task's own file
    chain: str | None = None  # what follows when it found something
    retries: int = RETRIES  # ours: how often a job that crashed, hung or lost its pump is begun again
    stall_minutes: float = STALL_MINUTES  # ours: without a sign of life for so long, it hangs


@dataclass(frozen=True)
class SentinelConfig:
    """What a sentinel is set up to do."""

    control_port: int
    logging_port: int
    default_pump: str
    socket_dir: Path
    engines: dict[str, tuple[int, ...]]  # name to the job classes it takes, the first ones first
    tasks: dict[str, Task] = field(default_factory=dict)


def read_yaml(file: Path) -> dict[str, Any]:
    """Read one of SentinelCam's YAML files; the line `%YAML 1.0` that they begin with is passed over.

    Raises
    ------
    SettingsError
        It cannot be read, or holds no keys and values.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        content = YAML(typ="safe").load("\n".join(line for line in lines if not line.startswith("%YAML"))) or {}
    except (OSError, ValueError, YAMLError) as error:
        raise SettingsError(f"{file} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise SettingsError(f"{file} must hold keys and values.")
    return content


def read_config(file: Path) -> SentinelConfig:
    """Read a `sentinel.yaml`.

    Raises
    ------
    SettingsError
        It cannot be read, a key is missing or cannot work, or a task names one that is not there.
    """
    content = read_yaml(file)
    try:
        config = SentinelConfig(
            int(content["control_port"]),
            int(content.get("logging_port", int(content["control_port"]) - 1)),
            str(content["default_pump"]),
            _path(file, content.get("socket_dir", "sockets")),
            {str(name): _classes(engine) for name, engine in content["task_engines"].items()},
            {str(name): _task(file, str(name), entry) for name, entry in content["task_list"].items()},
        )
    except KeyError as error:
        raise SettingsError(f"{file} has no {error}.") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise SettingsError(f"{file} cannot work: {error}") from None
    _check(file, config)
    return config


def _path(file: Path, text: Any) -> Path:
    return file.parent / Path(str(text)).expanduser()


def _classes(engine: dict[str, Any]) -> tuple[int, ...]:
    classes = engine["classes"]
    if not isinstance(classes, list):
        raise ValueError(f"classes must be a list of numbers, such as [1, 2], not {classes!r}")
    return tuple(int(one) for one in classes)


def _task(file: Path, name: str, entry: dict[str, Any]) -> Task:
    config = entry.get("config")
    return Task(
        name,
        str(entry.get("alias", name)),
        int(entry["class"]),
        _path(file, config) if config else None,
        str(entry["chain"]) if entry.get("chain") else None,
        int(entry.get("retries", RETRIES)),
        float(entry.get("stall_minutes", STALL_MINUTES)),
    )


def _check(file: Path, config: SentinelConfig) -> None:
    for port in (config.control_port, config.logging_port):
        if not 0 <= port <= LAST_PORT:  # ZeroMQ would take another one, without a word
            raise SettingsError(f"{file}: there is no port {port}: the last one is {LAST_PORT}.")
    served = {one for classes in config.engines.values() for one in classes}
    for task in config.tasks.values():
        if task.chain and task.chain not in config.tasks:
            raise SettingsError(f"{file}: {task.name} chains to {task.chain}, which is not in task_list.")
        if task.job_class not in served:
            raise SettingsError(f"{file}: no engine takes class {task.job_class}, that of {task.name}.")
        if task.retries < 0 or not 0 < task.stall_minutes < math.inf:
            raise SettingsError(f"{file}: {task.name}: retries and stall_minutes cannot be negative or none.")
        _check_chain(file, task, config.tasks)


def _check_chain(file: Path, task: Task, tasks: dict[str, Task]) -> None:
    """Refuse tasks that follow each other in a circle: one event would keep the sentinel at work for ever."""
    passed, follows = [task.name], task.chain
    while follows in tasks:
        if follows in passed:
            raise SettingsError(f"{file}: {' -> '.join([*passed, follows])} would never end: take out one `chain`.")
        passed.append(follows)
        follows = tasks[follows].chain
