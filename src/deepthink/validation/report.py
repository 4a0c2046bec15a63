"""The verdict as one self-contained HTML page: no script, no address, reads well on a phone and prints."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from deepthink.errors import MissingExtraError
from deepthink.files import write_text
from deepthink.validation import plots
from deepthink.validation.metrics import Asked
from deepthink.validation.validate import Verdict, is_wrong

TEMPLATE = "report.html.jinja"


def write_report(path: Path, verdict: Verdict, training: dict[str, Any]) -> None:
    """Write report.html.

    Parameters
    ----------
    path : Path
        The page.
    verdict : Verdict
        What it shows.
    training : dict
        What `TrainReport.as_dict` says of the version.
    """
    try:
        from jinja2 import Environment
    except ImportError:
        raise MissingExtraError("Jinja2", "train") from None
    source = files("deepthink.validation").joinpath(TEMPLATE).read_text(encoding="utf-8")
    page = Environment(autoescape=True).from_string(source)
    threshold = float(training["calibration"]["threshold"])
    write_text(
        path,
        page.render(
            v=verdict,
            training=training,
            wrong=_worst_first(verdict.asked),
            made=_made(training),
            distances=plots.as_svg(plots.distances(verdict.asked, threshold)),
            trade_off=plots.as_svg(plots.trade_off(verdict.asked, threshold)),
            confusion=plots.as_svg(plots.confusion(verdict.asked)),
        ),
    )


def _worst_first(asked: Sequence[Asked]) -> list[Asked]:
    """Strangers with a name first: that is the error people do not forgive."""
    return sorted((event for event in asked if is_wrong(event)), key=lambda e: (not (e.named - e.residents), e.event))


def _made(training: dict[str, Any]) -> dict[str, str]:
    calibration = training["calibration"]
    best = training["classifier"] or {}
    return {
        "gallery": f"{training['people']} people, {training['faces']} faces, {training['events']} events",
        "classifier": ", ".join(f"{key} {value}" for key, value in best.items()) or "none: one person alone",
        "cross-validated accuracy": f"{training['cross_validated_accuracy'] or 0:.4f} of single faces",
        "threshold": f"{calibration['threshold']:.3f}, for {100 * calibration['fpir']:g} % of strangers' events named",
        "set on": f"{calibration['strangers']} events of strangers, {calibration['cohort']} of a cohort of residents",
    }
