"""The step that makes a recogniser: the training notebook, run with a version's parameters."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from deepthink.curation.facelist import Facelist
from deepthink.curation.hashes import HashBook
from deepthink.curation.sweep import picture_hash
from deepthink.embedding import facedata
from deepthink.embedding.facedata import FaceData
from deepthink.errors import SettingsError
from deepthink.files import write_json, write_text
from deepthink.flow import notebook
from deepthink.flow.energy import EnergyMeter
from deepthink.flow.version_files import VersionFiles, version_files
from deepthink.flow.wiring import Site
from deepthink.records import UNKNOWN, Progress
from deepthink.validation.split import copies, hold_out, same_strangers


def train_site(site: Site, version: str, progress: Progress) -> dict[str, Any]:
    """Run the training notebook of a version through papermill, by its parameter file.

    <version>.yaml is written when there is none; one that a person wrote is read as it is.

    Returns
    -------
    dict
        The figures, as `TrainReport.as_dict` says.
    """
    files = version_files(site, version)
    write_json(files.split, _split(site, files))
    if not files.parameters.exists():
        write_text(files.parameters, _parameters(site, version))
    parameters = _checked(read_parameters(files.parameters), files)
    said = _said(site)
    parameters |= {key: value for key, value in said.items() if value is not None}  # for this run
    with EnergyMeter(keep=files.energy) as meter:
        notebook.execute("train", parameters, files.executed, progress, 60 * site.settings.train.stall_minutes)
    figures: dict[str, Any] = json.loads(files.figures.read_text(encoding="utf-8"))
    figures["energy"] = meter.figures() or {"unknown": meter.why or "its sensor said nothing"}
    write_json(files.figures, figures)
    return figures


def _parameters(site: Site, version: str) -> str:
    files, rules = version_files(site, version), site.settings.train
    content = {
        "facialembeddings": files.facedata.name,
        "modelout": files.facemodel.name,
        "newbaselines": files.baselines.name,
        "strangers": files.strangers.name,
        "hold_out": files.split.name,
        "figures": files.figures.name,
        "preset": rules.preset,
        "classifier": rules.classifier,
        "folds": rules.folds,
        "fpir": rules.fpir,
        **_said(site),
        "journal": files.journal.name,
        "nice": rules.nice,
    }
    text = io.StringIO()
    text.write(f"# What training {version} reads and writes, in this folder; see docs/steps/train.md\n")
    YAML().dump(content, text)
    return text.getvalue()


def _said(site: Site) -> dict[str, Any]:
    """Return what concerns a run and this machine, and not what is learnt."""
    rules = site.settings.train
    memory = None if rules.memory is None else round(rules.memory / 2**20, 1)
    return {"budget_minutes": rules.budget_minutes, "cluster": rules.cluster, "memory_mb": memory}


def read_parameters(path: Path) -> dict[str, Any]:
    """Read a version's parameter file.

    Raises
    ------
    SettingsError
        It is not YAML of keys and values, or one of facialembeddings, modelout and newbaselines is missing.
    """
    try:
        content = YAML(typ="safe").load(path.read_text(encoding="utf-8")) or {}
    except (OSError, ValueError, YAMLError) as error:
        raise SettingsError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise SettingsError(f"{path} must hold keys and values, such as 'preset: quick'.")
    missing = [key for key in ("facialembeddings", "modelout", "newbaselines") if not content.get(key)]
    if missing:
        raise SettingsError(f"{path} must say {', '.join(missing)}.")
    return content


def _checked(parameters: dict[str, Any], files: VersionFiles) -> dict[str, Any]:
    """Complete the parameters; what the next steps rely on cannot be set otherwise.

    Above all the events that validation will ask: a version trained on them would be asked what it has seen.
    """
    fixed = {
        "modelout": files.facemodel.name,
        "newbaselines": files.baselines.name,
        "figures": files.figures.name,
        "hold_out": files.split.name,
    }
    for key, wanted in fixed.items():
        if parameters.get(key, wanted) != wanted:
            raise SettingsError(f"{files.parameters}: {key} must be {wanted}: validate and publish look for it.")
    return {**parameters, **fixed}


def _split(site: Site, files: VersionFiles) -> list[str]:
    """Return the events to keep from training, the same ones as long as they are reviewed."""
    if site.truth is not None and site.settings.validation.days:
        return [f"{event.date}|{event.event}" for event in site.events(site.settings.validation.days)]
    gallery, strangers = (facedata.read(path) if path.exists() else None for path in (files.facedata, files.strangers))
    events, together = [], []
    if gallery is not None:
        events += list(zip(gallery.people, gallery.events, strict=True))
        together += copies(gallery.people, gallery.events, gallery.vectors, _hashes(site, gallery))
    if strangers is not None:
        events += [(UNKNOWN, event) for event in strangers.events]
        together += same_strangers(strangers.events, strangers.vectors)
    return hold_out(events, site.settings.validation.hold_out, together)


def _hashes(site: Site, data: FaceData) -> np.ndarray:
    """Return the perceptual hash of each face, 0 where it is not in the facelist any more."""
    rows = Facelist(site.facelist, site.datasink.problems).rows
    book = HashBook(site.facelist, rows, lambda row: picture_hash(site.datasink, row))
    sink = site.datasink.name
    kept = {facedata.face_key(row.name, row.frame, row.box, sink): book.of(number) for number, row in rows.items()}
    return np.array([kept.get(key, 0) for key in data.keys], np.uint64)
