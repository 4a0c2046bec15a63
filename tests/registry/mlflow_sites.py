"""Sites that share a server of MLflow, and small versions that they publish."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deepthink.flow.wiring import Site
from deepthink.registry.mlflow.push import first
from deepthink.registry.publish import publish
from deepthink.settings import load

PARAMETERS = "preset: standard\nfolds: 5\nfacialembeddings: facedata_{version}.hdf5\n"


def make_site(folder: Path, uri: str, model: str) -> Site:
    folder.mkdir()
    (folder / "site.yaml").write_text(f"mlflow: {{uri: '{uri}', model: {model}}}\n")
    return Site(load(folder))


def release(site: Site, version: str, passed: bool = True, size: int = 1000) -> Path:
    """Publish a small version."""
    sources = site.settings.root / "made"
    sources.mkdir(exist_ok=True)
    contents = {
        f"recogniser_{version}.npz": version.encode() * size, f"facemodel_{version}.pickle": b"\x80\x04never loaded",
        f"{version}.yaml": PARAMETERS.format(version=version).encode(), "empty.json": b"",
    }  # fmt: skip
    for name, content in contents.items():
        (sources / name).write_bytes(content)
    return publish(
        version, {name: sources / name for name in contents}, _facts(passed, site), site.registry, site.ledger
    )


def _facts(passed: bool, site: Site) -> dict[str, Any]:
    rate = {"count": 1, "total": 40, "rate": 0.025, "interval": [0.001, 0.13]}
    return {
        "training": {"people": 2, "faces": 90, "faces_per_person": {"Ann": 40, "Bob": 50}, "classifier": {"C": 10.0}},
        "embedder": "dlib-resnet:db0c+mirror",
        "recogniser": {"rule": "quality, distance"},
        "verdict": {
            "passed": passed, "events": 80, "fnir": rate, "fpir": {**rate, "count": 0, "rate": 0.0},
            "gates": [{"name": "FNIR", "passed": passed}],
        },
        "target_nodes": [],
    }  # fmt: skip


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def state(site: Site) -> tuple[Any, ...]:
    """Everything that a site has, to be compared."""
    files = {
        str(path.relative_to(site.registry.root)): path.read_bytes()
        for path in site.registry.root.rglob("*")
        if path.is_file() and not path.name.endswith(".lock")
    }
    return sorted(files.items()), site.ledger.read()


def on_server(server, site, version, name):
    one = first(site.mlflow.kept(), version)
    return next(server.artifacts.rglob(f"{one.run}/**/{name}"))


def folder_of(site):
    return site.registry.root / "alpha"
