"""The step that judges a recogniser: it is asked what it has not seen, and the answers become a verdict."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from deepthink.curation.facelist import Facelist
from deepthink.curation.suggest import nearer_to_another
from deepthink.embedding import facedata
from deepthink.embedding.facedata import FaceData
from deepthink.errors import BadInputError
from deepthink.flow.asking import asked_of, asked_probe, named_by
from deepthink.flow.champion import Both, Champion, again, beside, champion_of
from deepthink.flow.collect import answers
from deepthink.flow.pictures import show_faces, typical
from deepthink.flow.truth import present
from deepthink.flow.version_files import VersionFiles, version_files
from deepthink.flow.wiring import Site
from deepthink.model.artifact import Recogniser, read_recogniser
from deepthink.model.calibrate import pool
from deepthink.model.golden import write_golden
from deepthink.records import UNKNOWN, Progress
from deepthink.validation.challenge import Challenge
from deepthink.validation.gallery import labels_gate, shrunk_gate
from deepthink.validation.gates import Gate
from deepthink.validation.metrics import Rate
from deepthink.validation.notes import notes
from deepthink.validation.report import Faces, write_report
from deepthink.validation.validate import Verdict, validate, write_verdict


def validate_site(site: Site, version: str, progress: Progress) -> Verdict:
    """Ask a version the events that were kept from its training; write verdict, report and golden probes."""
    files = version_files(site, version)
    recogniser = read_recogniser(files.recogniser)
    figures = json.loads(files.figures.read_text(encoding="utf-8"))
    gallery = facedata.read(files.facedata)
    champion = champion_of(site, version, recogniser)
    compared = champion if isinstance(champion, Champion) else None
    if site.truth is not None and site.settings.validation.days:
        both, probes = _ask_events(site, recogniser, compared, progress)
    else:
        both, probes = _ask_reviewed(site, files, gallery, recogniser, compared)
    verdict = _judged(site, files, gallery, both, recogniser, champion)
    write_verdict(files.proof / "verdict.json", verdict)
    write_report(files.proof / "report.html", verdict, figures, Faces(show_faces(site), typical(gallery, recogniser)))
    baselines = recogniser.rule.centroids
    write_golden(files.proof, recogniser, np.concatenate([baselines, probes]) if len(probes) else baselines)
    return verdict


def _judged(
    site: Site,
    files: VersionFiles,
    gallery: FaceData,
    both: list[Both],
    recogniser: Recogniser,
    champion: Champion | Gate | None,
) -> Verdict:
    held_out = json.loads(files.split.read_text(encoding="utf-8"))
    trained = gallery.only(~np.isin(gallery.events, held_out))
    more = [labels_gate(Rate(*nearer_to_another(trained)))]
    found: Challenge | Gate | None = champion if not isinstance(champion, Champion) else None
    if isinstance(champion, Champion):
        found = beside(champion, both, recogniser)
        more.append(shrunk_gate(champion.version, champion.events, _events(trained)))
    return validate(
        files.version, [new for _, new in both], site.limits, found, more=more,
        tags=site.settings.validation.tags, unenrolled=_unenrolled(site, recogniser),
        notes=notes(trained, _cameras(site, trained.events)),
    )  # fmt: skip


def _events(data: FaceData) -> dict[str, int]:
    """Return how many events each person is known from."""
    seen = set(zip(data.people, data.events, strict=True))
    return Counter(person for person, _ in seen)


def _unenrolled(site: Site, recogniser: Recogniser) -> Rate:
    """Count the people of whom faces were accepted and none could be enrolled."""
    rows = Facelist(site.facelist, site.datasink.problems).rows.values()
    accepted = {row.name for row in rows if row.enrolled}
    return Rate(len(accepted - set(recogniser.people)), len(accepted))


def _cameras(site: Site, events: Iterable[str]) -> dict[str, str]:
    """Return the camera of each event, "date|event", that the datasink still has."""
    wanted = set(events)
    days = {event.split("|", 1)[0] for event in wanted} & set(site.datasink.dates())
    held = [event for day in sorted(days) for event in site.datasink.events(day)]
    names = {f"{event.date}|{event.event}": event.camera for event in held}
    return {event: camera for event, camera in names.items() if event in wanted}


def _ask_events(
    site: Site, recogniser: Recogniser, champion: Champion | None, progress: Progress
) -> tuple[list[Both], np.ndarray]:
    """Ask the events of the days kept for validation, exactly as a sentinel would answer them."""
    events = site.events(site.settings.validation.days)
    both, probes = [], []
    who = present(_known_truth(site))
    for number, answer in enumerate(answers(site, events, recogniser)):
        event = answer.event
        progress(number, len(events), event.date)
        people = who.get((event.date, event.event), frozenset())
        new = asked_of(answer, people, recogniser)
        both.append((asked_of(again(answer, champion), people, recogniser) if champion else None, new))
        probes += [seen.track.probe() for seen in answer.seen]
    progress(len(events), len(events), "")
    return both, np.array(probes, np.float32)


def _known_truth(site: Site) -> Path:
    if site.truth is None:
        raise BadInputError("validation.days needs validation.truth, a file that says who is in them.")
    return site.truth


def _ask_reviewed(
    site: Site, files: VersionFiles, gallery: FaceData, recogniser: Recogniser, champion: Champion | None
) -> tuple[list[Both], np.ndarray]:
    """Ask the reviewed events that were kept from training, one probe for each person in each."""
    kept = json.loads(files.split.read_text(encoding="utf-8"))
    cameras = _cameras(site, kept)
    both: list[Both] = []
    probes = []
    strangers = (
        facedata.read(files.strangers) if files.strangers.exists() else gallery.only(np.zeros(len(gallery.keys)))
    )
    for everybody, enrolled in ((gallery, True), (strangers, False)):
        data = everybody.only(np.isin(everybody.events, kept))
        if not data.keys:
            continue
        people = data.people if enrolled else np.full(len(data.keys), UNKNOWN, object)
        found, pooled = _ask_faces(data, people, recogniser, champion, cameras)
        both += found
        probes.append(pooled)
    return both, np.concatenate(probes) if probes else np.zeros((0, 128), np.float32)


def _ask_faces(
    data: FaceData, people: np.ndarray, recogniser: Recogniser, champion: Champion | None, cameras: dict[str, str]
) -> tuple[list[Both], np.ndarray]:
    labels = np.array([f"{person}/{event}" for person, event in zip(people, data.events, strict=True)])
    pooled, groups = pool(data.vectors, labels)
    looks = recogniser.identify(data.vectors)
    new = recogniser.identify(pooled)
    old = champion.recogniser.identify(pooled) if champion else None
    both: list[Both] = []
    for number, group in enumerate(groups):
        own = np.flatnonzero(labels == group)
        person, event = str(group).split("/", 1)
        keys, seen = [data.keys[at] for at in own], [looks[at] for at in own]
        asked = asked_probe(new[number], pooled[number], person, keys, seen, recogniser, cameras.get(event, ""))
        before = None
        if old and champion and event not in champion.trained_on:
            before = replace(asked, named=named_by(old[number]))
        both.append((before, asked))
    return both, pooled
