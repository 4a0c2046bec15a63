"""How a run ended: for real sites what was done, for simulated ones also how well the answers fit the truth."""

from __future__ import annotations

import json
import resource
from typing import Any

from deepthink.datasink.base import RECOGNITIONS, Event
from deepthink.datasink.labels import parse_label
from deepthink.errors import BadInputError
from deepthink.flow.pipeline import Walk
from deepthink.flow.truth import present, read_truth
from deepthink.flow.wiring import Site
from deepthink.records import UNKNOWN
from deepthink.validation.metrics import Asked, measure


def summarise(site: Site, walk: Walk) -> dict[str, Any]:
    """Return the figures of a run; answers are counted from the `fr1` files that the deployed version wrote."""
    steps = walk.figures
    production = site.ledger.production()
    summary: dict[str, Any] = {
        "version": walk.version,
        "production": production,
        "waits_for": walk.waits_for,
        "events": len(site.events(site.datasink.dates())),
        "faces": steps.get("detect", {}).get("faces"),
        "rows_curated": _curated(steps.get("review", {})),
        "model": steps.get("train", {}).get("classifier"),
        "fnir": _counts(steps.get("validate", {}).get("fnir")),
        "fpir": _counts(steps.get("validate", {}).get("fpir")),
        "target_verified": bool(production)
        and all(t.current() == production and t.verify(str(production)) for t in site.targets),
        "registry": str(site.registry.root / production) if production else None,
        "report": str(site.registry.root / walk.version / "report.html") if production == walk.version else None,
        "peak_rss_mb": peak_rss_mb(),
    }
    return {**summary, **(_answers(site, production) if site.truth and production else {})}


def _curated(review: dict[str, Any]) -> int | None:
    return sum(review[verb] for verb in ("accept", "stranger", "remove")) if "accept" in review else None


def _counts(rate: dict[str, Any] | None) -> str | None:
    return f"{rate['count']} of {rate['total']}" if rate else None


def peak_rss_mb() -> float:
    """Return the most memory that this process, or one it started, has held at once, in MB."""
    kinds = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    return round(max(resource.getrusage(kind).ru_maxrss for kind in kinds) / 1024, 1)


def _answers(site: Site, production: str) -> dict[str, Any]:
    """Compare the written answers to events that training never saw with who is really in them."""
    assert site.truth is not None
    people = present(site.truth)
    manifest = json.loads(
        (site.registry.root / production / f"recogniser_{production}.json").read_text(encoding="utf-8")
    )
    gallery = frozenset(manifest["people"])
    trained = _trained_dates(site, production)
    events = [event for event in site.events(site.datasink.dates()) if event.date not in trained]
    asked = [_asked(site, event, people.get((event.date, event.event), frozenset()), gallery) for event in events]
    found = measure(asked)
    residents = {one.person for one in read_truth(site.truth) if one.resident}
    strangers = {one.person for one in read_truth(site.truth) if not one.resident}
    return {
        "residents": len(residents),
        "strangers": len(strangers),
        "mated_events": found.missed.total,
        "mated_right": found.missed.total - found.missed.count,
        "nonmated_events": found.named.total,
        "nonmated_named": found.named.count,
    }


def _trained_dates(site: Site, production: str) -> frozenset[str]:
    """Return the days from which the version was trained: all of them, so that none of their events is counted."""
    from deepthink.embedding import facedata

    events = facedata.read(site.registry.root / production / f"facedata_{production}.hdf5").events
    return frozenset(str(event).split("|", 1)[0] for event in events)


def _asked(site: Site, event: Event, people: frozenset[str], gallery: frozenset[str]) -> Asked:
    labels = []
    for mark in site.datasink.marks(event, RECOGNITIONS):
        try:
            labels.append(parse_label(mark.classname))
        except BadInputError:
            continue
    named = frozenset(label.name for label in labels if label.name != UNKNOWN)
    residents = people & gallery
    return Asked(f"{event.date}|{event.event}", event.camera, residents, len(people - residents), named, len(labels))


def as_text(summary: dict[str, Any]) -> str:
    """Return a summary for people."""
    lines = [f"{label:18} {value}" for label, value in _shown(summary) if value not in (None, "")]
    if summary["waits_for"]:
        lines.append(f"\nWaits for you: {summary['waits_for']}")
    return "\n".join(lines)


def _shown(s: dict[str, Any]) -> list[tuple[str, Any]]:
    people = f"{s['residents']} residents, {s['strangers']} strangers" if "residents" in s else None
    answered = None
    if s.get("mated_events"):
        answered = (
            f"{s['mated_right']} of {s['mated_events']} residents' events named rightly, "
            f"{s['nonmated_named']} of {s['nonmated_events']} strangers' events given a name"
        )
    model = ", ".join(f"{key} {value}" for key, value in (s["model"] or {}).items())
    verified = "verified" if s["target_verified"] else ""
    return [
        ("people", people), ("events", s["events"]), ("faces found", s["faces"]), ("rows curated", s["rows_curated"]),
        ("model chosen", model), ("validation FNIR", s["fnir"]), ("validation FPIR", s["fpir"]),
        ("version", f"{s['version']} {'in production' if s['production'] == s['version'] else ''}".strip()),
        ("targets", verified), ("answers", answered), ("report", s["report"]), ("pictures", s.get("pictures")),
        ("seconds", s.get("seconds")), ("peak memory", f"{s['peak_rss_mb']:.0f} MB"),
    ]  # fmt: skip
