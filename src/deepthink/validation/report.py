"""The verdict as one self-contained HTML page: no script, no address, reads well on a phone and prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from deepthink.errors import MissingExtraError
from deepthink.files import write_text
from deepthink.validation import plots
from deepthink.validation.metrics import Asked, Look, Rate
from deepthink.validation.validate import Verdict, is_wrong

TEMPLATE = "report.html.jinja"
SHOWN = 4  # pictures of one event
WORST = 4  # events of one person


@dataclass(frozen=True)
class Faces:
    """The pictures that a report may show."""

    show: Callable[[Look], str] = lambda look: ""  # a data address; empty when the picture is gone
    typical: Mapping[str, Look] = field(default_factory=dict)  # an enrolled face of each person


def write_report(path: Path, verdict: Verdict, training: dict[str, Any], faces: Faces = Faces()) -> None:
    """Write report.html.

    Parameters
    ----------
    path : Path
        The page.
    verdict : Verdict
        What it shows.
    training : dict
        What `TrainReport.as_dict` says of the version.
    faces : Faces, optional
        The pictures; without them it is a report of words and numbers.
    """
    try:
        from jinja2 import Environment
    except ImportError:
        raise MissingExtraError("Jinja2", "train") from None
    source = files("deepthink.validation").joinpath(TEMPLATE).read_text(encoding="utf-8")
    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(source)
    threshold = float(training["calibration"]["threshold"])
    write_text(
        path,
        page.render(
            v=verdict,
            training=training,
            wrong=_worst_first(verdict.asked),
            worst=_worst(verdict.asked),
            event={asked.event: asked for asked in verdict.asked},
            pictures=lambda event: [faces.show(look) for look in _spread(event.looks)],
            portrait=lambda person: faces.show(faces.typical[person]) if person in faces.typical else "",
            made=_made(training),
            stated=_stated(verdict, training["calibration"]),
            distances=plots.as_svg(plots.distances(verdict.asked, threshold)),
            trade_off=plots.as_svg(plots.trade_off(verdict.study.det)),
            confusion=plots.as_svg(plots.confusion(verdict.asked)),
        ),
    )


def _worst_first(asked: Sequence[Asked]) -> list[Asked]:
    """Strangers with a name first: that is the error people do not forgive."""
    return sorted((event for event in asked if is_wrong(event)), key=lambda e: (not (e.named - e.residents), e.event))


def _worst(asked: Sequence[Asked]) -> dict[str, list[tuple[Asked, float]]]:
    """Return each person's events that were answered worst, with how far beyond the threshold they are."""
    own: dict[str, list[tuple[Asked, float]]] = {}
    for event in asked:
        if event.alone in event.residents and event.scores:
            own.setdefault(event.alone, []).append((event, min(score.margin for score in event.scores)))
    rank = lambda pair: (pair[0].alone in pair[0].named, -pair[1], pair[0].event)
    return {person: sorted(events, key=rank)[:WORST] for person, events in own.items()}


def _spread(looks: Sequence[Look]) -> Sequence[Look]:
    """Return a few faces from all over an event."""
    return [looks[number * len(looks) // SHOWN] for number in range(SHOWN)] if len(looks) > SHOWN else looks


def _stated(verdict: Verdict, calibration: dict[str, Any]) -> list[tuple[str, str, Rate, bool]]:
    """Return what calibration led one to expect, beside what was found, and whether they agree."""
    rows = []
    for name, found in (("FPIR", verdict.metrics.named), ("FNIR", verdict.metrics.missed)):
        expected = calibration.get(f"{name.lower()}_interval")
        if expected:
            low, high = expected
            agree = found.interval[0] <= high and low <= found.interval[1]
            rows.append((name, f"{100 * low:.1f} to {100 * high:.1f} %", found, agree))
    return rows


def _made(training: dict[str, Any]) -> dict[str, str]:
    calibration = training["calibration"]
    best = training["classifier"] or {}
    return {
        "gallery": f"{training['people']} people, {training['faces']} faces, {training['events']} events",
        "classifier": ", ".join(f"{key} {value}" for key, value in best.items()) or "none: one person alone",
        "beside the distance": training.get("machine", "support vector machine"),
        "cross-validated accuracy": f"{training['cross_validated_accuracy'] or 0:.4f} of single faces",
        "threshold": f"{calibration['threshold']:.3f}, for {100 * calibration['fpir']:g} % of strangers' events named",
        "set on": f"{calibration['strangers']} events of strangers, {calibration['cohort']} of a cohort of residents",
        "energy": energy(training.get("energy") or {}),
    }


def energy(measured: Mapping[str, Any]) -> str:
    """Say what a training took in energy.

    Parameters
    ----------
    measured : mapping
        watt_hours and the measured_seconds they are of; or unknown: why.

    Examples
    --------
    >>> energy({"watt_hours": 82.5, "measured_seconds": 29700.0})
    '82.5 Wh over 8.2 h, 10.0 W mean'
    >>> energy({"unknown": "it has no sensor"})
    'not measured on this machine: it has no sensor'
    """
    taken, seconds = measured.get("watt_hours"), measured.get("measured_seconds")
    if taken is None or not seconds:
        return ": ".join(["not measured on this machine", *filter(None, [measured.get("unknown")])])
    units = ((3600, "h"), (60, "min"), (1, "s"))
    size, unit = next((one for one in units if seconds >= 2 * one[0]), units[-1])
    took = f"{seconds / size:.1f}" if unit == "h" else f"{seconds / size:.0f}"
    return f"{taken:.3g} Wh over {took} {unit}, {3600 * taken / seconds:.1f} W mean"
