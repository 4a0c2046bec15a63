"""The step that judges a recogniser: it is asked what it has not seen, and the answers become a verdict."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from deepthink.embedding import facedata
from deepthink.errors import BadInputError
from deepthink.flow.champion import Both, Champion, again, beside, champion_of
from deepthink.flow.collect import answers
from deepthink.flow.truth import present
from deepthink.flow.version_files import VersionFiles, version_files
from deepthink.flow.wiring import Site
from deepthink.model.artifact import Recogniser, read_recogniser
from deepthink.model.calibrate import pool
from deepthink.model.golden import write_golden
from deepthink.recognition.recognise import Answer
from deepthink.records import Identification, Progress
from deepthink.validation.metrics import Asked
from deepthink.validation.report import write_report
from deepthink.validation.validate import Verdict, validate, write_verdict


def validate_site(site: Site, version: str, progress: Progress) -> Verdict:
    """Ask a version the events that were kept from its training; write verdict, report and golden probes."""
    files = version_files(site, version)
    recogniser = read_recogniser(files.recogniser)
    figures = json.loads(files.figures.read_text(encoding="utf-8"))
    champion = champion_of(site, version, recogniser)
    if site.truth is not None and site.settings.validation.days:
        both, probes = _ask_events(site, recogniser, champion, progress)
    else:
        both, probes = _ask_reviewed(files, recogniser, champion)
    asked = [new for _, new in both]
    verdict = validate(version, asked, site.limits, beside(champion, both, recogniser) if champion else None)
    write_verdict(files.proof / "verdict.json", verdict)
    write_report(files.proof / "report.html", verdict, figures)
    gallery = recogniser.rule.centroids
    write_golden(files.proof, recogniser, np.concatenate([gallery, probes]) if len(probes) else gallery)
    return verdict


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


def asked_of(answer: Answer, people: frozenset[str], recogniser: Recogniser) -> Asked:
    """Return what was answered to an event in which `people` really are."""
    residents = people & frozenset(recogniser.people)
    scores = tuple((seen.answer.nearest, seen.answer.distance) for seen in answer.seen if seen.track.usable)
    event = answer.event
    strangers = len(people - residents)
    return Asked(f"{event.date}|{event.event}", event.camera, residents, strangers, answer.named, answer.faces, scores)


def _ask_reviewed(
    files: VersionFiles, recogniser: Recogniser, champion: Champion | None
) -> tuple[list[Both], np.ndarray]:
    """Ask the reviewed events that were kept from training, one probe for each person in each."""
    kept = json.loads(files.split.read_text(encoding="utf-8"))
    both: list[Both] = []
    probes = []
    for path, enrolled in ((files.facedata, True), (files.strangers, False)):
        if not path.exists():
            continue
        data = facedata.read(path)
        data = data.only(np.isin(data.events, kept))
        if not data.keys:
            continue
        labels = [f"{person}/{event}" for person, event in zip(data.people, data.events, strict=True)]
        pooled, groups = pool(data.vectors, np.array(labels))
        before = champion.recogniser.identify(pooled) if champion else [None] * len(pooled)
        for old, new, group in zip(before, recogniser.identify(pooled), groups, strict=True):
            person, event = str(group).split("/", 1)
            asked = _asked_probe(new, person, event, enrolled, recogniser)
            fair = old is not None and champion is not None and event not in champion.trained_on
            both.append((_asked_probe(old, person, event, enrolled, recogniser) if old and fair else None, asked))
        probes.append(pooled)
    return both, np.concatenate(probes) if probes else np.zeros((0, 128), np.float32)


def _asked_probe(answer: Identification, person: str, event: str, enrolled: bool, recogniser: Recogniser) -> Asked:
    resident = enrolled and person in recogniser.people
    named = frozenset({answer.person}) if answer.person else frozenset[str]()
    residents = frozenset({person}) if resident else frozenset[str]()
    return Asked(event, "", residents, int(not resident), named, 1, ((answer.nearest, answer.distance),))
