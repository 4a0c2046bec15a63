"""Trains a recogniser: a support vector machine chosen by cross-validation, baselines, and a calibrated threshold."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from deepthink.embedding import facedata
from deepthink.embedding.facedata import FaceData
from deepthink.errors import MixedEmbeddersError, NotEnoughDataError
from deepthink.model.artifact import Recogniser, write_recogniser
from deepthink.model.baselines import Baselines, write_baselines
from deepthink.model.calibrate import pool
from deepthink.model.choice import Choice, choose
from deepthink.model.contest import Entry, contest
from deepthink.model.export import write_pickle
from deepthink.model.openset import Rule, distances_to
from deepthink.records import Progress


@dataclass(frozen=True)
class TrainReport:
    """What a training made, and what there is to look at."""

    recogniser: Recogniser
    baselines: Baselines
    choice: Choice | None  # None with one person alone: there is nothing to tell apart
    faces: dict[str, int]  # of each person
    events: dict[str, int]
    held_out: int  # events kept from training
    own: np.ndarray  # (faces,) distances to the own person's baseline
    other: np.ndarray  # (faces,) distances to the nearest other person's
    strangers: np.ndarray  # (events,) distances of strangers to the nearest person
    seconds: float
    data: FaceData  # what it was trained on
    away: np.ndarray  # (events, dimensions) embeddings of the strangers
    contest: list[Entry]  # the classifiers that were tried, the winner first
    files: dict[str, Path] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as plain values, for a manifest."""
        return {
            "people": len(self.faces),
            "faces": sum(self.faces.values()),
            "events": sum(self.events.values()),
            "faces_per_person": self.faces,
            "events_per_person": self.events,
            "held_out_events": self.held_out,
            "classifier": self.choice.best if self.choice else None,
            "cross_validated_accuracy": self.choice.accuracy if self.choice else None,
            "left_out": self.choice.left_out if self.choice else [],
            "machine": self.contest[0].name,
            "contest": [entry.as_dict() for entry in self.contest],
            "calibration": self.recogniser.calibration,
            "seconds": round(self.seconds, 1),
        }


def train(
    gallery: Path,
    strangers: Path | None = None,
    *,
    hold_out: Collection[str] = (),
    preset: str = "standard",
    folds: int = 5,
    fpir: float = 0.01,
    budget_minutes: float | None = None,
    journal: Path | None = None,
    cluster: str | None = None,
    memory_mb: float | None = None,
    classifier: str = "auto",
    progress: Progress = lambda done, total, what: None,
) -> TrainReport:
    """Train on the embeddings of a facedata file.

    Parameters
    ----------
    gallery : Path
        facedata.hdf5 of the enrolled people.
    strangers : Path, optional
        The same of faces that a person has called nobody's here.
    hold_out : collection of str
        Events, "date|event", that validation will ask: none of their faces is used.
    preset : str
        The grid: quick, standard or wide.
    folds : int
        Of the cross-validation, cut by event.
    fpir : float
        The share of strangers' events that may be given a name.
    budget_minutes : float, optional
        Minutes after which the best candidate so far is taken; one kernel is always finished.
    journal : Path, optional
        Keeps what is finished of a large search, so that it goes on after an interruption.
    cluster : str, optional
        The address of a Dask scheduler whose workers help with the search.
    memory_mb : float, optional
        What the whole process may take while it searches.
    classifier : {"auto", "svm"}, optional
        Whether another classifier may take the support vector machine's place where it misses fewer residents.
    progress : callable, optional
        Called with the candidates done, their number, and what is being done.

    Raises
    ------
    NotEnoughDataError
        Nobody is enrolled.
    MixedEmbeddersError
        Gallery and strangers were embedded differently.
    """
    data, held_out = _kept(facedata.read(gallery), hold_out)
    others = _strangers(strangers, hold_out, data.fingerprint)
    seconds = None if budget_minutes is None else 60 * budget_minutes
    return learn(
        data, others, held_out, preset, folds, fpir, progress, seconds, journal, cluster, memory_mb, classifier
    )


def learn(
    data: FaceData,
    strangers: np.ndarray,
    held_out: int = 0,
    preset: str = "standard",
    folds: int = 5,
    fpir: float = 0.01,
    progress: Progress = lambda done, total, what: None,
    budget_s: float | None = None,
    journal: Path | None = None,
    cluster: str | None = None,
    memory_mb: float | None = None,
    classifier: str = "auto",
) -> TrainReport:
    """Train on embeddings that are in memory, `strangers` one row an event; otherwise as `train`."""
    started = time.monotonic()
    people, who = np.unique(data.people, return_inverse=True)
    if not len(people):
        raise NotEnoughDataError("Nobody is enrolled. Accept faces with deepthink review, then run deepthink embed.")
    baselines = Baselines.of(data.vectors, list(data.people))
    choice = None
    if len(people) > 1:
        choice = choose(data.vectors, who, data.events, preset, folds, progress, budget_s, journal, cluster, memory_mb)
    entries = contest(data, who, strangers, fpir, choice, others=classifier == "auto")
    first = entries[0]
    rule = Rule(baselines.people, baselines.centroids, first.thresholds, first.calibration.least_probability)
    recogniser = Recogniser(rule, first.witness, data.fingerprint, first.calibration.as_dict())
    seconds = time.monotonic() - started
    return _report(data, who, recogniser, baselines, choice, strangers, held_out, seconds, entries)


def _kept(data: FaceData, hold_out: Collection[str]) -> tuple[FaceData, int]:
    held = np.isin(data.events, list(hold_out)) if len(hold_out) else np.zeros(len(data.keys), bool)
    return data.only(~held), len(set(data.events[held]))


def _strangers(path: Path | None, hold_out: Collection[str], fingerprint: str) -> np.ndarray:
    """Return one embedding an event of the strangers, (events, dimensions)."""
    if path is None or not path.exists():
        return np.zeros((0, 128), np.float32)
    data, _ = _kept(facedata.read(path), hold_out)
    if data.keys and data.fingerprint != fingerprint:
        raise MixedEmbeddersError(fingerprint, data.fingerprint, str(path))
    return pool(data.vectors, data.events)[0]


def _report(
    data: FaceData,
    who: np.ndarray,
    recogniser: Recogniser,
    baselines: Baselines,
    choice: Choice | None,
    strangers: np.ndarray,
    held_out: int,
    seconds: float,
    entries: list[Entry],
) -> TrainReport:
    distances = distances_to(data.vectors, baselines.centroids)
    own = distances[np.arange(len(who)), who]
    distances[np.arange(len(who)), who] = np.inf
    away = distances_to(strangers, baselines.centroids).min(axis=1) if len(strangers) else np.zeros(0)
    faces = {person: int((who == number).sum()) for number, person in enumerate(baselines.people)}
    events = {person: len(set(data.events[who == number])) for number, person in enumerate(baselines.people)}
    return TrainReport(
        recogniser,
        baselines,
        choice,
        faces,
        events,
        held_out,
        own,
        distances.min(axis=1),
        away,
        seconds,
        data,
        strangers,
        entries,
    )


def write_outputs(report: TrainReport, model: Path, baselines: Path) -> dict[str, Path]:
    """Write what a training made, and return where.

    Parameters
    ----------
    report : TrainReport
        What `train` returned.
    model : Path
        facemodel_<version>.pickle, SentinelCam's export; our own files are named after it, recogniser_<version>.npz.
    baselines : Path
        baselines_<version>.hdf5.
    """
    own = model.with_name(model.stem.replace("facemodel", "recogniser", 1) + ".npz")
    write_recogniser(own, report.recogniser)
    write_baselines(baselines, report.baselines)
    files = {"recogniser": own, "manifest": own.with_suffix(".json"), "baselines": baselines}
    if report.choice:
        choice = report.choice
        write_pickle(model, choice.svc, choice.prob_a, choice.prob_b, report.baselines.people)
        files["facemodel"] = model
    return files
