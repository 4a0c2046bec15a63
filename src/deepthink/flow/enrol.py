"""The step from curated rows to embeddings: what is selected is embedded, what is revoked leaves."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from pathlib import Path

import numpy as np

from deepthink.curation.facelist import Facelist, Row, Status, editing
from deepthink.detection.detect import Face, align_each
from deepthink.embedding import facedata
from deepthink.embedding.compare import Comparison, compare
from deepthink.embedding.embed import Crop, EmbedReport, embed
from deepthink.errors import BadInputError, MixedEmbeddersError, StepError
from deepthink.files import replacing
from deepthink.flow.ahead import ahead
from deepthink.flow.sentinelcam import update_facedata
from deepthink.flow.version_files import VersionFiles, version_files
from deepthink.flow.wiring import Site
from deepthink.frames import read_frame
from deepthink.recognition.recognise import TOGETHER
from deepthink.records import FrameKey, Progress

Frames = list[tuple[FrameKey, list[str]]]  # pictures, each with the keys of its faces


@dataclass(frozen=True)
class EnrolReport:
    """What embedding did for the gallery and for the strangers."""

    gallery: EmbedReport
    strangers: EmbedReport
    in_use: int  # rows that are in use from now on
    problems: int
    compared: tuple[str, ...] = ()  # old and new embeddings, when all were computed anew


def embed_site(
    site: Site, version: str, again: bool, progress: Progress, accept: bool = False, path: Path | None = None
) -> EnrolReport:
    """Bring a version's embeddings up to date with the facelist, starting from the latest that are there.

    Parameters
    ----------
    site : Site
    version : str
        Whose files are written.
    again : bool
        Compute all of them anew, whatever embedder made those that are there: beside the old ones, so that an
        interruption loses nothing and is resumed; the new ones take their place once they have been compared.
    progress : callable
        Called with faces done, faces to do, and of what.
    accept : bool
        Let the new ones take the old ones' place even when they tell people apart less well.
    path : Path, optional
        The HDF5 file of the gallery, where it is not the version's own.

    Raises
    ------
    StepError
        The new embeddings tell people apart less well than the old ones, or not all could be made.
    """
    files = version_files(site, version)
    if path is not None:
        files = replace(files, gallery=path)
    if site.as_sentinelcam:
        return _as_sentinelcam(site, files, again, accept, progress)
    rows = Facelist(site.facelist, site.datasink.problems).rows
    gallery = {_key(site, row): row for row in rows.values() if row.enrolled}
    others = {_key(site, row): row for row in rows.values() if row.stranger}
    reports, compared = [], []
    for path, wanted, what in (
        (files.facedata, gallery, "gallery"),
        (files.strangers, others, "strangers"),
    ):
        target = _beside(path, site) if again else _begun(path, site)
        tell = lambda done, total, what=what: progress(done, total, what)
        reports.append(embed(target, set(wanted), _crops(site, wanted), site.embedder, tell))
        if again and path.exists():
            compared.append(_compared(path, target, set(wanted), accept))
    if again:
        for path in (files.facedata, files.strangers):
            _beside(path, site).replace(path)
    used = _mark_in_use(site, facedata.keys(files.facedata, site.embedder.fingerprint))
    return EnrolReport(reports[0], reports[1], used, site.datasink.problems.count, tuple(map(str, compared)))


def _as_sentinelcam(site: Site, files: VersionFiles, again: bool, accept: bool, progress: Progress) -> EnrolReport:
    """Embed the selected rows as FaceDataUpdate does, which keeps no strangers; `again` has no counterpart there."""
    path = files.facedata
    target = _beside(path, site) if again else _begun(path, site)
    used, report = update_facedata(site, target, again, lambda keys: _mark_in_use(site, keys), progress)
    compared = []
    if again and target.exists():
        rows = Facelist(site.facelist).having(Status.SELECTED, Status.IN_USE).values()
        if path.exists():
            compared.append(str(_compared(path, target, {_key(site, row) for row in rows}, accept)))
        target.replace(path)
    gallery, strangers = replace(report, path=path), EmbedReport(0, 0, 0, 0, files.strangers)
    return EnrolReport(gallery, strangers, used, site.datasink.problems.count, tuple(compared))


def _compared(path: Path, target: Path, wanted: set[str], accept: bool) -> Comparison:
    """Compare new embeddings with those they are to replace; faces that were revoked meanwhile do not count."""
    old = facedata.read(path)
    still = np.array([key in wanted for key in old.keys], bool)
    comparison = compare(old.only(still), facedata.read(target))
    if comparison.worse and not accept:
        raise StepError(
            f"The new embeddings were not put in place of {path}: {comparison}. Look why; to take them all the same, "
            "without computing them again: deepthink embed --all --accept"
        )
    return comparison


def _key(site: Site, row: Row) -> str:
    return facedata.face_key(row.name, row.frame, row.box, site.datasink.name)


def _beside(path: Path, site: Site) -> Path:
    """Return where all embeddings are made anew; what another embedder began there is dropped."""
    target = path.with_name(f".{path.name}.again")
    try:
        facedata.keys(target, site.embedder.fingerprint)
    except (MixedEmbeddersError, BadInputError):
        target.unlink()
    return target


def _begun(path: Path, site: Site) -> Path:
    """Start a version's file from the latest of its kind, so that only new faces are computed."""
    if path.exists():
        return path
    kind = path.name.split("_", 1)[0]
    others = sorted(site.training.glob(f"{kind}_*.hdf5"), key=os.path.getmtime)
    for other in reversed(others):
        try:
            facedata.keys(other, site.embedder.fingerprint)
        except (MixedEmbeddersError, BadInputError):
            continue
        with replacing(path) as beside:
            shutil.copyfile(other, beside)
        break
    return path


def _crops(site: Site, rows: Mapping[str, Row]) -> Callable[[set[str]], Iterable[Crop]]:
    """Return a source of the crops of the faces that are asked for; each picture is decoded once."""
    senses, problems = site.senses, site.datasink.problems

    def refused(face: Face, why: str) -> None:
        problems.add(f"{face.key.date} {face.key.event}", None, f"not embedded: {why}")

    def work(frames: Frames) -> list[Crop]:
        faces = [face for frame, keys in frames for face in _faces(site, rows, frame, keys)]
        return [(face.name, sample.crop) for face, sample in align_each(faces, senses.aligner, senses.rules, refused)]

    def crops(keys: set[str]) -> Iterator[Crop]:
        wanted = sorted((rows[key].frame, key) for key in keys)
        frames = [(frame, [key for _, key in group]) for frame, group in groupby(wanted, key=lambda pair: pair[0])]
        chunks = [frames[start : start + TOGETHER] for start in range(0, len(frames), TOGETHER)]
        for found in ahead(work, chunks):
            yield from found

    return crops


def _faces(site: Site, rows: Mapping[str, Row], frame: FrameKey, keys: list[str]) -> list[Face]:
    """Return the faces of a picture; none, and a note, when it cannot be had."""
    image = read_frame(site.datasink, frame, "not embedded")
    return [] if image is None else [Face(frame, image, rows[key].box, key) for key in keys]


def _mark_in_use(site: Site, embedded: set[str]) -> int:
    """Turn selected rows whose embedding is there into rows in use, with today's date."""
    today, used = date.today().isoformat(), 0
    with editing(site.facelist, site.datasink.problems) as facelist:
        for number, row in facelist.having(Status.SELECTED).items():
            if _key(site, row) in embedded:
                facelist[number] = row.changed(status=Status.IN_USE, in_use_since=today)
                used += 1
    return used
