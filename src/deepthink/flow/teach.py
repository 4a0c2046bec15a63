"""The steps that make and judge a recogniser: train, validate."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from deepthink.curation.names import UNKNOWN
from deepthink.embedding import facedata
from deepthink.errors import BadInputError, SettingsError
from deepthink.files import write_json, write_text
from deepthink.flow import notebook
from deepthink.flow.enrol import facedata_path, strangers_path
from deepthink.flow.truth import present
from deepthink.flow.wiring import Site
from deepthink.model.artifact import Recogniser, read_recogniser
from deepthink.model.calibrate import pool
from deepthink.model.golden import write_golden
from deepthink.recognition.recognise import Answer, recognise
from deepthink.records import Identification
from deepthink.validation.metrics import Asked
from deepthink.validation.report import write_report
from deepthink.validation.split import hold_out
from deepthink.validation.validate import Verdict, validate, write_verdict

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class VersionFiles:
    """Where a version's files lie while it is being made."""

    folder: Path
    version: str

    @property
    def parameters(self) -> Path:
        """<version>.yaml, which a person may edit before training."""
        return self.folder / f"{self.version}.yaml"

    @property
    def facemodel(self) -> Path:
        """SentinelCam's export."""
        return self.folder / f"facemodel_{self.version}.pickle"

    @property
    def recogniser(self) -> Path:
        """Our own model."""
        return self.folder / f"recogniser_{self.version}.npz"

    @property
    def baselines(self) -> Path:
        """SentinelCam's baselines."""
        return self.folder / f"baselines_{self.version}.hdf5"

    @property
    def executed(self) -> Path:
        """The executed notebook."""
        return self.folder / f"facemodel_{self.version}.ipynb"

    @property
    def figures(self) -> Path:
        """What training counted and measured."""
        return self.folder / f"training_{self.version}.json"

    @property
    def split(self) -> Path:
        """The events kept from training."""
        return self.folder / f"split_{self.version}.json"

    @property
    def proof(self) -> Path:
        """The folder of verdict, report and golden probes."""
        return self.folder / f"proof_{self.version}"


def version_files(site: Site, version: str) -> VersionFiles:
    """Return where a version's files lie while it is being made."""
    return VersionFiles(site.training, version)


def train_site(site: Site, version: str, progress: Progress) -> dict[str, Any]:
    """Run the training notebook of a version through papermill, by its parameter file.

    <version>.yaml is written when there is none; one that a person wrote is read as it is.

    Returns
    -------
    dict
        The figures, as `TrainReport.as_dict` says.
    """
    files = version_files(site, version)
    _write_split(site, version, files.split)
    if not files.parameters.exists():
        write_text(files.parameters, _parameters(site, version))
    parameters = read_parameters(files.parameters)
    notebook.execute("train", parameters, files.executed, progress)
    figures: dict[str, Any] = json.loads((files.folder / parameters["figures"]).read_text(encoding="utf-8"))
    return figures


def _parameters(site: Site, version: str) -> str:
    files, rules = version_files(site, version), site.settings.train
    content = {
        "facialembeddings": facedata_path(site, version).name,
        "modelout": files.facemodel.name,
        "newbaselines": files.baselines.name,
        "strangers": strangers_path(site, version).name,
        "hold_out": files.split.name,
        "figures": files.figures.name,
        "preset": rules.preset,
        "folds": rules.folds,
        "fpir": rules.fpir,
    }
    text = io.StringIO()
    text.write(f"# What training {version} reads and writes, in this folder; see docs/steps/train.md\n")
    YAML().dump(content, text)
    return text.getvalue()


def read_parameters(path: Path) -> dict[str, Any]:
    """Read a version's parameter file.

    Raises
    ------
    SettingsError
        It is not YAML, or one of facialembeddings, modelout and newbaselines is missing.
    """
    try:
        content = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise SettingsError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    missing = [key for key in ("facialembeddings", "modelout", "newbaselines") if not (content or {}).get(key)]
    if missing:
        raise SettingsError(f"{path} must say {', '.join(missing)}.")
    defaults = {"figures": f"training_{path.stem}.json"}
    return {**defaults, **content}


def _write_split(site: Site, version: str, path: Path) -> None:
    """Keep the events that will prove the version from its training, the same ones as long as they are reviewed."""
    if site.truth is not None and site.settings.validation.days:
        kept = [f"{event.date}|{event.event}" for event in site.events(site.settings.validation.days)]
    else:
        kept = hold_out(_reviewed(site, version), site.settings.validation.hold_out)
    write_json(path, kept)


def _reviewed(site: Site, version: str) -> Iterable[tuple[str, str]]:
    for path in (facedata_path(site, version), strangers_path(site, version)):
        if path.exists():
            data = facedata.read(path)
            people = data.people if path == facedata_path(site, version) else [UNKNOWN] * len(data.keys)
            yield from zip(people, data.events, strict=True)


def validate_site(site: Site, version: str, progress: Progress) -> Verdict:
    """Ask a version the events that were kept from its training; write verdict, report and golden probes."""
    files = version_files(site, version)
    recogniser = read_recogniser(files.recogniser)
    figures = json.loads(files.figures.read_text(encoding="utf-8"))
    if site.truth is not None and site.settings.validation.days:
        asked, probes = _ask_events(site, recogniser, progress)
    else:
        asked, probes = _ask_reviewed(site, version, recogniser, json.loads(files.split.read_text(encoding="utf-8")))
    verdict = validate(version, asked, site.limits)
    write_verdict(files.proof / "verdict.json", verdict)
    write_report(files.proof / "report.html", verdict, figures)
    gallery = recogniser.rule.centroids
    write_golden(files.proof, recogniser, np.concatenate([gallery, probes]) if len(probes) else gallery)
    return verdict


def _ask_events(site: Site, recogniser: Recogniser, progress: Progress) -> tuple[list[Asked], np.ndarray]:
    """Ask the events of the days kept for validation, exactly as a sentinel would answer them."""
    events = site.events(site.settings.validation.days)
    asked, probes = [], []
    who = present(_known_truth(site))
    for number, event in enumerate(events):
        progress(number, len(events), event.date)
        answer = recognise(site.datasink, event, site.senses, recogniser)
        asked.append(asked_of(answer, who.get((event.date, event.event), frozenset()), recogniser))
        probes += [seen.track.probe() for seen in answer.seen]
    progress(len(events), len(events), "")
    return asked, np.array(probes, np.float32)


def _known_truth(site: Site) -> Path:
    if site.truth is None:
        raise BadInputError("validation.days needs validation.truth, a file that says who is in them.")
    return site.truth


def asked_of(answer: Answer, people: frozenset[str], recogniser: Recogniser) -> Asked:
    """Return what was answered to an event in which `people` really are."""
    residents = people & frozenset(recogniser.people)
    scores = tuple((seen.answer.nearest, seen.answer.distance) for seen in answer.seen if seen.track.usable)
    event = answer.event
    strangers = len(people - residents)
    return Asked(f"{event.date}|{event.event}", event.camera, residents, strangers, answer.named, answer.faces, scores)


def _ask_reviewed(site: Site, version: str, recogniser: Recogniser, kept: list[str]) -> tuple[list[Asked], np.ndarray]:
    """Ask the reviewed events that were kept from training, one probe for each person in each."""
    asked, probes = [], []
    for path, enrolled in ((facedata_path(site, version), True), (strangers_path(site, version), False)):
        if not path.exists():
            continue
        data = facedata.read(path)
        data = data.only(np.isin(data.events, kept))
        if not data.keys:
            continue
        labels = [f"{person}/{event}" for person, event in zip(data.people, data.events, strict=True)]
        pooled, groups = pool(data.vectors, np.array(labels))
        for answer, group in zip(recogniser.identify(pooled), groups, strict=True):
            person, event = str(group).split("/", 1)
            asked.append(_asked_probe(answer, person, event, enrolled, recogniser))
        probes.append(pooled)
    return asked, np.concatenate(probes) if probes else np.zeros((0, 128), np.float32)


def _asked_probe(answer: Identification, person: str, event: str, enrolled: bool, recogniser: Recogniser) -> Asked:
    resident = enrolled and person in recogniser.people
    named = frozenset({answer.person}) if answer.person else frozenset[str]()
    residents = frozenset({person}) if resident else frozenset[str]()
    return Asked(event, "", residents, int(not resident), named, 1, ((answer.nearest, answer.distance),))
