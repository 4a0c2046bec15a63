"""How a site stands, for Prometheus: docs/steps/messages.md has the names."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from deepthink.errors import MissingExtraError
from deepthink.messages.base import Standing
from deepthink.messages.state import done, moment

try:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
except ImportError as error:
    raise MissingExtraError(str(error.name), "watch") from None

if TYPE_CHECKING:
    from prometheus_client.core import Metric

log = logging.getLogger(__name__)


class StandingCollector:
    """Metrics of a standing that is asked for anew each time; what is not known is left out.

    Parameters
    ----------
    standing : callable
        Returns how the site stands.

    Examples
    --------
    >>> families = StandingCollector(lambda: Standing(to_review=7)).collect()
    >>> [family.samples[0].value for family in families if family.name == "deepthink_faces_to_review"]
    [7.0]
    """

    def __init__(self, standing: Callable[[], Standing]) -> None:
        self.standing = standing
        self._trouble = False

    def collect(self) -> Iterator[Metric]:
        """Return all metrics; none at all when the standing cannot be told."""
        try:
            standing = self.standing()
            self._trouble = False
        except Exception:
            if not self._trouble:
                log.exception("metrics: how the site stands cannot be told")
            self._trouble = True
            return
        for name, says, value in gauges(standing):
            if value is not None:
                yield GaugeMetricFamily(f"deepthink_{name}", says, value=float(value))
        yield from _labelled(standing)


def gauges(standing: Standing) -> list[tuple[str, str, float | None]]:
    """Return name, meaning and value of each metric without labels; None is "not known"."""
    one, run = standing, standing.running
    return [
        ("faces_to_review", "Candidate rows of the facelist, which a person has to look at.", one.to_review),
        ("faces_selected", "Rows that were accepted and not trained on yet.", one.selected),
        ("people_enrolled", "People that the facelist knows.", one.people),
        ("events_today", "Events of today in which faces were seen.", one.events_today),
        ("named_today", "Events of today in which somebody was recognised.", one.named_today),
        ("unknown_today", "Events of today in which somebody unknown was seen.", one.unknown_today),
        ("unknown_last_timestamp_seconds", "When somebody unknown was seen last.", _seconds(one.unknown_last)),
        ("drift_alarms", "Alarms that recognition has changed.", len(one.alarms)),
        ("waits_for_person", "1 when a person has to do something.", bool(one.waits_for)),
        ("model_deployed_timestamp_seconds", "When the version in production was deployed.", _seconds(one.since)),
        ("run_active", "1 while a run is going on.", run),
        ("run_progress_ratio", "How much of the run's step is done, 0 to 1.", done(one)),
        ("run_left_seconds", "How long the run will take yet.", one.seconds_left if run else None),
        ("last_run_duration_seconds", "How long the last run took.", one.last_seconds),
        ("last_run_watt_hours", "Energy that the last run used.", one.last_watt_hours),
        ("temperature_celsius", "Temperature of the processor.", one.celsius),
        ("power_watts", "What the machine uses at this moment.", one.watts),
        ("disk_free_bytes", "Space that is free where the site is.", one.disk_free),
        ("memory_free_bytes", "Memory that is free, swap included.", one.memory_free),
    ]


def _labelled(standing: Standing) -> Iterator[Metric]:
    if standing.version:
        yield _info("model", "The version in production.", version=standing.version)
    if standing.outcome:
        told = {"outcome": standing.outcome, "version": standing.outcome_version}
        yield _info("last_run", "How the last run ended.", **told)
    if standing.running:
        yield _info("run", "The run that is going on.", version=standing.run_version, step=standing.run_step)
    runs = CounterMetricFamily("deepthink_runs", "Runs since the beginning, by how they ended.", labels=["outcome"])
    for outcome, count in standing.runs.items():
        runs.add_metric([outcome], count)
    yield runs


def _info(name: str, says: str, **labels: str) -> Metric:
    """Return a gauge of 1 whose labels say something; the old text format has no other kind."""
    family = GaugeMetricFamily(f"deepthink_{name}_info", says, labels=list(labels))
    family.add_metric(list(labels.values()), 1)
    return family


def _seconds(text: str) -> float | None:
    known = moment(text)
    return datetime.fromisoformat(known).timestamp() if known else None
