"""What a target receives of a version: a sentinel the model, a datasink the facelist, an outpost what is specified."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

PARTS = {
    "model": ("recogniser_", "facemodel_", "golden."),
    "baselines": ("baselines_",),
    "facelist": ("facelist_",),
    "facedata": ("facedata_",),
}
ROLES = {"sentinel": ("model", "baselines"), "datasink": ("facelist",), "outpost": ()}
SENTINEL = ROLES["sentinel"]
_UNWANTED = (".ipynb", ".html")  # they show people's faces


def wanted_files(manifest: dict[str, Any], parts: Sequence[str] = SENTINEL) -> list[dict[str, Any]]:
    """Return the entries of a manifest that these parts are made of.

    Parameters
    ----------
    manifest : dict
        A version's, with `files`, each with `name`.
    parts : sequence of str
        Keys of `PARTS`.

    Examples
    --------
    >>> files = [{"name": "golden.npz"}, {"name": "facelist_alpha.csv"}, {"name": "report.html"}]
    >>> wanted_files({"files": files}, ["facelist"])
    [{'name': 'facelist_alpha.csv'}]
    """
    begins = tuple(begin for part in parts for begin in PARTS[part])
    return [e for e in manifest["files"] if e["name"].startswith(begins) and not e["name"].endswith(_UNWANTED)]
