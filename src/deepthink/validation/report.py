"""The verdict as one self-contained HTML page: no script, no address, reads well on a phone and prints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deepthink.errors import MissingExtraError
from deepthink.files import write_text
from deepthink.validation import plots
from deepthink.validation.metrics import Asked
from deepthink.validation.validate import Verdict, is_wrong

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ v.version }}: {{ "passed" if v.passed else "failed" }}</title>
<style>
:root { color-scheme: light; --ink:#222; --faint:#666; --good:#1b7a3d; --bad:#b3261e; --line:#ddd; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); max-width: 62rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; margin: .4rem 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .3rem .6rem .3rem 0;
border-bottom: 1px solid var(--line); vertical-align: top; } .scroll { overflow-x: auto; }
.good { color: var(--good); } .bad { color: var(--bad); } .faint { color: var(--faint); }
svg { max-width: 100%; height: auto; } @media print { h2 { break-after: avoid; } svg { break-inside: avoid; } }
</style></head><body>
<h1>{{ v.version }} <span class="{{ 'good' if v.passed else 'bad' }}">{{ "passed" if v.passed else "failed" }}</span></h1>
<p class="faint">{{ v.asked|length }} events that training never saw. Every figure counts events, not pictures.</p>
<h2>Questions</h2><div class="scroll"><table><tr><th>Question</th><th>Limit</th><th>Found</th><th></th></tr>
{% for gate in v.gates %}<tr><td>{{ gate.question }}</td><td>{{ gate.limit }}</td><td>{{ gate.found }}</td>
<td class="{{ 'good' if gate.passed else 'bad' }}">{{ "yes" if gate.passed else "no" }}</td></tr>{% endfor %}</table></div>
<h2>Distances, and the threshold</h2><p>Left of the line a face may get a name.</p>{{ distances|safe }}
<h2>Missed against named</h2>{{ trade_off|safe }}
<h2>Who was answered for whom</h2><div class="scroll">{{ confusion|safe }}</div>
<h2>Each person</h2><div class="scroll"><table><tr><th>Person</th><th>Missed</th><th>Faces and events in the gallery</th></tr>
{% for person, rate in v.metrics.per_person.items() %}<tr><td>{{ person }}</td><td>{{ rate }}</td>
<td>{{ training.faces_per_person.get(person, 0) }} in {{ training.events_per_person.get(person, 0) }}</td></tr>{% endfor %}
</table></div>
<h2>Wrong answers</h2>{% if not wrong %}<p>None.</p>{% else %}<div class="scroll"><table>
<tr><th>Event</th><th>Camera</th><th>Really</th><th>Answered</th><th>Nearest</th></tr>
{% for e in wrong %}<tr><td>{{ e.event.split("|")[0] }}<br><span class="faint">{{ e.event.split("|")[1][:12] }}</span></td>
<td>{{ e.camera }}</td><td>{{ (e.residents|sort|join(", ")) or "" }}{{ " and " if e.residents and e.strangers }}{{
"a stranger" if e.strangers }}</td><td>{{ (e.named|sort|join(", ")) or ("Unknown" if e.faces else "no face found") }}</td>
<td>{% for person, distance in e.scores %}{{ person }} at {{ "%.2f"|format(distance) }} {% endfor %}</td></tr>{% endfor %}
</table></div>{% endif %}
<h2>How it was made</h2><div class="scroll"><table>{% for key, value in made.items() %}
<tr><th>{{ key }}</th><td>{{ value }}</td></tr>{% endfor %}</table></div>
</body></html>
"""


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
    page = Environment(autoescape=True).from_string(_PAGE)
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
