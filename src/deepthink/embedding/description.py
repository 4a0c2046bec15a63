"""What has to be said of an ONNX network before it can be used: a small YAML file beside it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from deepthink.errors import SettingsError
from deepthink.records import Alignment
from deepthink.weights import known

Triple = tuple[float, float, float]


class _Alignment(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Literal["dlib-chip", "arcface", "openface", "points", "box"]
    padding: float = Field(0.25, ge=0, le=2)
    points: tuple[tuple[float, float], ...] = ()

    @model_validator(mode="after")
    def _points_where_needed(self) -> _Alignment:
        if len(self.points) != (5 if self.kind == "points" else 0):
            raise ValueError("'points: [[x, y], ...]', five of them, go with 'kind: points' and with no other")
        return self


class _Content(BaseModel):
    """The keys of a description; docs/steps/embed.md explains them."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1)
    file: str = Field(min_length=1)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    licence: str = ""
    size: int = Field(ge=16, le=1024)
    channels: Literal["rgb", "bgr"]
    mean: Triple
    scale: float = Field(gt=0)
    dimensions: int = Field(ge=2, le=8192)
    metric: Literal["euclidean", "cosine"]
    alignment: _Alignment


@dataclass(frozen=True)
class Description:
    """An ONNX network: where it is, what it takes, and what its numbers mean."""

    name: str
    path: Path
    sha256: str
    licence: str
    rgb: bool  # the order of the colours it takes
    mean: Triple  # in that order, taken off each pixel's 0 to 255 ...
    scale: float  # ... before it is multiplied by this
    dimensions: int
    cosine: bool  # its embeddings are compared by angle: they are made to have length 1
    alignment: Alignment

    @property
    def fingerprint(self) -> str:
        """What changes with everything that would shift the embeddings."""
        landmarks = known("dlib-landmarks").sha256
        parts = (self.sha256, self.rgb, self.mean, self.scale, self.cosine, self.alignment, landmarks, "fp32")
        return f"{self.name}:{hashlib.sha256(repr(parts).encode()).hexdigest()[:16]}"


def read_description(path: Path) -> Description:
    """Read the description of a network; its file is looked for beside it.

    Raises
    ------
    SettingsError
        It is absent, no YAML, or a key is missing, not known, or cannot be.
    """
    try:
        said = _Content.model_validate(YAML(typ="safe").load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValidationError, YAMLError, ValueError) as error:
        raise SettingsError(f"{path} does not describe a network; see docs/steps/embed.md. {error}") from None
    alignment = Alignment(said.alignment.kind, said.size, said.alignment.padding, said.alignment.points)
    return Description(
        said.name, path.parent / said.file, said.sha256, said.licence, said.channels == "rgb", said.mean, said.scale,
        said.dimensions, said.metric == "cosine", alignment,
    )  # fmt: skip
