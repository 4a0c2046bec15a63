"""One small table: the names that settings use, to the factories behind them, loaded on first use.

Others add to it by entry points, `deepthink.<kind>`; what is listed here needs none.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from deepthink.errors import SettingsError

BUILT_IN: dict[str, dict[str, str]] = {
    "detectors": {
        "opencv": "deepthink.detection.opencv:CascadeDetector",
        "yunet": "deepthink.detection.opencv:YunetDetector",
        "dlib": "deepthink.detection.dlib:DlibDetector",
    },
    "embedders": {
        "dlib-resnet": "deepthink.embedding.dlib:DlibResnet",
        "dlib-bin": "deepthink.embedding.dlib:DlibReference",
        "sface": "deepthink.embedding.onnx:sface",
        "mobilefacenet": "deepthink.embedding.onnx:mobilefacenet",
        "openface": "deepthink.embedding.onnx:openface",
        "openface-sentinelcam": "deepthink.embedding.openface:OpenFace",
    },
    "targets": {
        "local": "deepthink.deployment.local:LocalTarget",
        "ssh": "deepthink.deployment.ssh:ssh_target",
    },
}


def find(kind: str, name: str) -> Any:
    """Return the factory that a name stands for.

    Raises
    ------
    SettingsError
        There is none of that name; the error lists those there are.

    Examples
    --------
    >>> find("targets", "local").__name__
    'LocalTarget'
    """
    others = {entry.name: entry.value for entry in entry_points(group=f"deepthink.{kind}")}
    known = {**others, **BUILT_IN.get(kind, {})}
    if name not in known:
        raise SettingsError(f"There is no {kind[:-1]} {name!r}. Known: {', '.join(sorted(known))}.")
    module, _, attribute = known[name].partition(":")
    return getattr(import_module(module), attribute)
