"""Open-set identification on photographs of many people: residents are enrolled, everyone else is a stranger.

Residents have many photographs; some are enrolled and the rest are asked. Strangers are people with one or two; some
play those that a site's owner has reviewed as strangers, the others are asked and never seen before (Phillips, Grother
and Micheals 2011; the rates are those of ISO/IEC 19795-1:2021).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from deepthink.embedding.facedata import FaceData
from deepthink.errors import BadInputError
from deepthink.model.classifier import Classifier
from deepthink.model.openset import distances_to
from deepthink.model.sentinelcam import sentinelcam_rule
from deepthink.model.train import TrainReport, learn
from deepthink.validation.metrics import Rate

FEW = 2  # photographs; who has no more is a stranger


@dataclass(frozen=True)
class Protocol:
    """How many of each."""

    residents: int = 40
    least: int = 20  # photographs that a resident has
    enrolled: int = 12  # photographs each
    asked: int | None = None  # of the rest of each resident's; all when not given
    strangers: int = 3000  # asked; where there are fewer, all but those reviewed
    reviewed: int = 200  # strangers that calibration sees; at most half of all


@dataclass(frozen=True)
class Draw:
    """Which photographs play what, as indices."""

    gallery: np.ndarray
    mated: np.ndarray
    reviewed: np.ndarray
    nonmated: np.ndarray


@dataclass(frozen=True)
class Identification:
    """What one draw showed."""

    missed: Rate  # FNIR
    named: Rate  # FPIR
    stated: tuple[float, float]  # the interval that the version states for its FPIR
    sentinelcam_missed: Rate
    sentinelcam_named: Rate


def draw(people: np.ndarray, protocol: Protocol, seed: int) -> Draw:
    """Draw who is a resident, which photographs are enrolled, and who is asked.

    Raises
    ------
    BadInputError
        Too few people have enough photographs, or there are no strangers.
    """
    rng = np.random.default_rng(seed)
    names, counts = np.unique(people, return_counts=True)
    many = names[counts >= max(protocol.least, protocol.enrolled + 1)]
    others = rng.permutation(np.flatnonzero(np.isin(people, names[counts <= FEW])))
    if len(many) < 2 or len(others) < 2:
        raise BadInputError(
            f"Too few: {len(many)} people have {protocol.least} photographs or more, {len(others)} photographs are of "
            "strangers. Ask for less with --least and --enrol."
        )
    chosen = rng.permutation(many)[: protocol.residents]
    own = [rng.permutation(np.flatnonzero(people == name)) for name in chosen]
    last = None if protocol.asked is None else protocol.enrolled + protocol.asked
    reviewed = min(protocol.reviewed, len(others) // 2)
    return Draw(
        np.concatenate([each[: protocol.enrolled] for each in own]),
        np.concatenate([each[protocol.enrolled : last] for each in own]),
        others[:reviewed],
        others[reviewed : reviewed + protocol.strangers],
    )


def identify(embeddings: np.ndarray, people: np.ndarray, drawn: Draw, fpir: float, preset: str) -> Identification:
    """Train on one draw as `deepthink train` does, and ask it; each photograph is an event of its own."""
    keys = [f"{people[at]}/2000-01-01|{at:06d}|t|b|s" for at in drawn.gallery]
    order = np.argsort(keys)
    data = FaceData(tuple(np.array(keys)[order].tolist()), embeddings[drawn.gallery][order], "benchmark")
    report = learn(data, embeddings[drawn.reviewed], preset=preset, fpir=fpir)
    recogniser = report.recogniser
    answers = recogniser.identify(embeddings[drawn.mated])
    missed = [answer.person != name for answer, name in zip(answers, people[drawn.mated], strict=True)]
    named = [answer.person is not None for answer in recogniser.identify(embeddings[drawn.nonmated])]
    theirs = [_sentinelcam(report, embeddings[at]) for at in (drawn.mated, drawn.nonmated)]
    return Identification(
        _rate(missed),
        _rate(named),
        tuple(recogniser.calibration.get("fpir_interval", (0.0, 1.0))),
        _rate(found != name for found, name in zip(theirs[0], people[drawn.mated], strict=True)),
        _rate(found is not None for found in theirs[1]),
    )


def _sentinelcam(report: TrainReport, probes: np.ndarray) -> list[str | None]:
    """Return the names that SentinelCam's rule gives on the support vector machine and the same baselines."""
    recogniser, choice = report.recogniser, report.choice
    assert choice  # a draw has at least two residents
    distances = distances_to(probes, recogniser.rule.centroids)
    shares = Classifier.of(choice.svc, choice.prob_a, choice.prob_b).probabilities(probes)
    found = (sentinelcam_rule(*probe) for probe in zip(shares, distances, strict=True))
    return [None if who is None else recogniser.people[who] for who in found]


def _rate(wrong: Iterable[bool]) -> Rate:
    counted = [bool(each) for each in wrong]
    return Rate(sum(counted), len(counted))
