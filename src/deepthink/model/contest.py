"""Chooses the classifier whose say beside the distance costs the fewest residents at the asked rate of strangers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from deepthink.embedding.facedata import FaceData
from deepthink.model.alternatives import FACES, SVM, linear_machines
from deepthink.model.calibrate import Calibration, calibrate, pool
from deepthink.model.choice import Choice, event_folds
from deepthink.model.classifier import Classifier
from deepthink.model.linear import Linear

Witness = Classifier | Linear
LEAST = 3  # events that most people must have before other machines are tried
MARGIN = 2  # residents' events that another machine must miss less: one more or less is chance
STRANGERS = 20  # reviewed events of strangers without which nobody but the support vector machine wins: residents who
# are left out are too easy strangers, and with them alone logistic regression won on photographs, and named 9 of 120


@dataclass(frozen=True)
class Entry:
    """One classifier, and the operating point that calibration found with its say."""

    name: str
    witness: Witness | None  # None: the distance alone
    accuracy: float | None  # of single faces by the classifier alone, events not seen; None where it is not known
    calibration: Calibration
    thresholds: np.ndarray  # (people,)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for a manifest."""
        seen = self.calibration
        return {"machine": self.name, "fnir": seen.fnir_seen, "fpir": seen.fpir_seen, "accuracy": self.accuracy}


def contest(
    data: FaceData, who: np.ndarray, strangers: np.ndarray, fpir: float, choice: Choice | None, *, others: bool
) -> list[Entry]:
    """Calibrate with each classifier in turn; the winner comes first.

    The rate counted is FNIR of residents' held-out events at an FPIR of `fpir`, threshold and least probability set
    anew for each. The support vector machine wins unless another misses at least `MARGIN` events fewer, and `STRANGERS`
    events of strangers were reviewed: the file that SentinelCam reads is one, and small differences are chance.

    Parameters
    ----------
    data : FaceData
        The gallery.
    who : ndarray of shape (faces,)
        Whose each is: 0, 1, ...
    strangers : ndarray of shape (events, dimensions)
    fpir : float
        The share of strangers' events that may be given a name.
    choice : Choice or None
        The support vector machine; None with one person alone.
    others : bool
        Whether other classifiers than it may win.

    Returns
    -------
    list of Entry
        The winner, then the others by FNIR. Distance alone is listed, but cannot win: it is what every rule comes to
        whose least probability is 0.
    """
    labels = np.array([f"{person:06d}|{event}" for person, event in zip(who, data.events, strict=True)])
    probes, groups = pool(data.vectors, labels)
    owner = np.array([int(group.split("|", 1)[0]) for group in groups])
    sizes = np.unique(labels, return_counts=True)[1]
    entries = []
    for name, witness, own, accuracy in _witnesses(data, who, choice, others):
        held_out = None if own is None else pool(own[:, None], labels)[0].ravel()
        calibration, thresholds = calibrate(probes, owner, sizes, strangers, fpir, witness, held_out)
        entries.append(Entry(name, witness, accuracy, calibration, thresholds))
    return ranked(entries, len(strangers))


def ranked(entries: list[Entry], strangers: int = STRANGERS) -> list[Entry]:
    """Return the entries, of which the support vector machine is the first, with the winner first.

    With fewer than `STRANGERS` events of strangers it wins in any case.
    """
    if len(entries) == 1:
        return entries
    first, *others = entries if strangers >= STRANGERS else entries[:1]
    able = [entry for entry in others if entry.witness]
    best = min(able, key=_missed, default=first)
    winner = best if _missed(first) - _missed(best) >= MARGIN else first
    return [winner, *sorted((entry for entry in entries if entry is not winner), key=_missed)]


def _missed(entry: Entry) -> float:
    return entry.calibration.fnir_seen * entry.calibration.own


def _witnesses(
    data: FaceData, who: np.ndarray, choice: Choice | None, others: bool
) -> Iterator[tuple[str, Witness | None, np.ndarray | None, float | None]]:
    """Each classifier: fitted on everything, what folds gave each face's own person, and their accuracy."""
    if choice is None:
        yield "distance alone", None, None, None
        return
    yield SVM, Classifier.of(choice.svc, choice.prob_a, choice.prob_b), choice.own, choice.accuracy
    if not others:
        return
    yield "distance alone", None, None, None
    if not _enough(who, data.events, choice.folds):
        return
    splits = event_folds(who, data.events, choice.folds)
    for name, machine in linear_machines().items():
        if len(who) <= FACES or name == "linear discriminant":
            yield name, *_held_out(name, machine, data.vectors, who, splits)


def _enough(who: np.ndarray, events: np.ndarray, folds: int) -> bool:
    """Whether held-out events can say anything of a classifier: several folds, and `LEAST` events for most people."""
    found = [len(set(events[who == person])) for person in range(who.max() + 1)]
    return folds > 1 and float(np.median(found)) >= LEAST


def _held_out(
    name: str, machine: Any, rows: np.ndarray, who: np.ndarray, splits: Any
) -> tuple[Linear, np.ndarray, float]:
    """Return a machine fitted on everything, what others gave the own person of faces they had not seen, accuracy."""
    own, right = np.zeros(len(who)), np.zeros(len(who), bool)
    with threadpool_limits(1, user_api="blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # people of one face, slow convergence: neither changes what is asked here
        for train, test in splits:
            fitted = clone(machine).fit(rows[train], who[train])
            shares = np.zeros((len(test), who.max() + 1))
            shares[:, fitted.classes_] = Linear.of(name, fitted).probabilities(rows[test])
            own[test] = shares[np.arange(len(test)), who[test]]
            right[test] = shares.argmax(axis=1) == who[test]
        whole = Linear.of(name, clone(machine).fit(rows, who))
    return whole, own, float(right.mean())
