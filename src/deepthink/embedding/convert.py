"""Converts dlib's network into ONNX once, and keeps the result in the cache folder.

The file's name carries the sha256 of its source and the version of the conversion; its own sha256 lies beside it. What
is read back is checked, so a damaged file is built again; what is built is the same on every run, so two processes
that build at once write the same bytes, each in one step.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

import numpy as np

from deepthink import weights
from deepthink.embedding.network import read_network
from deepthink.embedding.resnet import to_onnx
from deepthink.errors import WeightsError
from deepthink.files import replacing

MEANS = (122.782, 117.001, 104.298)  # red, green, blue, of the network's training pictures
SIZE = 150
CONVERSION = 1  # raise it with every change to resnet.py that changes what is written


def dlib_resnet_onnx() -> bytes:
    """Return dlib's face recognition network as an ONNX model: from the cache, or converted now.

    Raises
    ------
    WeightsError
        When dlib's weight file is absent, truncated or altered.
    """
    path = cached_path()
    model = read_checked(path)
    if model is None:
        model = convert(weights.find("dlib-resnet"))
        with contextlib.suppress(OSError):  # a read-only or full disk costs the next start 0.2 s, and nothing else
            write_checked(path, model)
    return model


def cached_path() -> Path:
    """Return where the converted network is kept."""
    return weights.cache_folder() / f"dlib-resnet-{weights.known('dlib-resnet').sha256[:16]}-v{CONVERSION}.onnx"


def convert(source: Path) -> bytes:
    """Return the ONNX model of the network that dlib saved at `source`.

    Raises
    ------
    WeightsError
        When the file is not such a network, whole and unaltered in its structure.
    """
    try:
        network = read_network(source.read_bytes())
        if network.rows != SIZE or not np.allclose(network.means, MEANS, atol=1e-4):
            raise WeightsError(f"It takes {network.rows} pixels less {network.means}, not {SIZE} less {MEANS}.")
        return to_onnx(network)
    except OSError as error:
        raise WeightsError(f"{source} cannot be read: {error.strerror}.") from error
    except WeightsError as error:
        raise WeightsError(f"{source}: {error}") from error


def read_checked(path: Path) -> bytes | None:
    """Return a cached file's content, or None when it or its sha256 is absent or they disagree."""
    try:
        content, expected = path.read_bytes(), _beside(path).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return content if hashlib.sha256(content).hexdigest() == expected else None


def write_checked(path: Path, content: bytes) -> None:
    """Write a file and its sha256 beside it, each in one step."""
    with replacing(path) as part:
        part.write_bytes(content)
    with replacing(_beside(path)) as part:
        part.write_text(hashlib.sha256(content).hexdigest() + "\n", encoding="ascii")


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")
