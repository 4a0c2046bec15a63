"""Writes a site.yaml in which every key says what it is for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ByteSize
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from deepthink.settings.sections import Section
from deepthink.settings.site import Settings


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
            pad = " " * indent
            lines += [f"\n{pad}# {doc}", f"{pad}{key}:", *_described(value, indent + 2)]
        else:
            lines += [f"{' ' * indent}# {field.description}", *_valued(key, value, indent)]
    return lines


def _valued(key: str, value: Any, indent: int) -> list[str]:
    pad = " " * indent
    if isinstance(value, list) and value and isinstance(value[0], Section):
        return [f"{pad}{key}:", *(f"{pad}  - {_on_one_line(item)}" for item in value)]
    if isinstance(value, dict) and any(isinstance(item, Section) for item in value.values()):
        return [f"{pad}{key}:", *(f"{pad}  {name}: {_on_one_line(item)}" for name, item in value.items())]
    if isinstance(value, list):
        return [f"{pad}{key}: [{', '.join(repr(str(item)) for item in value)}]"]
    return [f"{pad}{key}: {_scalar(value)}"]


def _on_one_line(item: Section) -> str:
    given = item.model_dump(exclude_none=True).items()
    return "{" + ", ".join(f"{name}: {_scalar(part)}" for name, part in given) + "}"


def _scalar(value: Any) -> str:
    """Write one value, a word in quotes only where YAML would read it as something else."""
    if value is None:
        return "null"
    if isinstance(value, ByteSize):
        return value.human_readable(separator="")
    if not isinstance(value, str | Path):
        return str(value)
    text = str(value)
    try:
        plain = all(YAML(typ="safe").load(line) == {"a": text} for line in (f"a: {text}", f"{{a: {text}}}"))
    except (ValueError, YAMLError):
        plain = False
    return text if plain else json.dumps(text, ensure_ascii=False)
