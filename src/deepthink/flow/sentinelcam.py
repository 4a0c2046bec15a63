"""SentinelCam's tasks, exactly, for a site: what `rules: sentinelcam` puts in the place of our own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from deepthink.curation.facelist import Facelist, Row, Status
from deepthink.datasink.base import Datasink, Event, Mark
from deepthink.detection.base import Detector
from deepthink.detection.detect import decode
from deepthink.detection.haar_eyes import Eyes
from deepthink.detection.sentinelcam import searched
from deepthink.embedding import facedata
from deepthink.embedding.embed import SAVE_EVERY, EmbedReport
from deepthink.errors import BadInputError, MixedEmbeddersError
from deepthink.flow.wiring import Site
from deepthink.frames import read_frame
from deepthink.model.artifact import Recogniser
from deepthink.model.baselines import read_baselines
from deepthink.model.sentinelcam import FaceRecon
from deepthink.recognition.sentinelcam import enrolment_face
from deepthink.records import FrameKey, Progress


def get_faces(datasink: Datasink, event: Event, people: list[Mark], detector: Detector) -> tuple[int, list[Mark]]:
    """Find faces as GetFaces does: wherever they are in a frame, in the detector's order, numbered from 0.

    Returns the frames looked at, and the marks. A picture that is absent or damaged is noted and costs itself alone.
    """
    looked, found = 0, []
    for time in searched(datasink.times(event), {mark.time for mark in people}):
        image = read_frame(datasink, FrameKey(event.date, event.event, time))
        if image is None:
            continue
        looked += 1
        found += [Mark(time, str(number), "Face", one.box) for number, one in enumerate(detector.detect(image))]
    return looked, found


def face_recon(site: Site, recogniser: Recogniser, baselines: Path | None = None) -> FaceRecon:
    """Return what FaceRecon decides by: a recogniser's classifier, and baselines, else those of the version in use.

    Raises
    ------
    MixedEmbeddersError
        The version was trained on another embedder's embeddings.
    """
    fingerprint, version = site.crop_embedder.fingerprint, site.ledger.production()
    if recogniser.embedder != fingerprint:
        raise MixedEmbeddersError(fingerprint, recogniser.embedder, "The recogniser")
    if not recogniser.people or (version is None and baselines is None):
        return FaceRecon((), np.zeros((0, 128), np.float32), np.zeros(0))
    path = baselines or site.registry.get(str(version)) / f"baselines_{version}.hdf5"
    lines = read_baselines(path, recogniser.people)
    witness = recogniser.classifier.probabilities if recogniser.classifier else None
    return FaceRecon(recogniser.people, lines.centroids, lines.thresholds, witness)


def update_facedata(
    site: Site, path: Path, again: bool, mark_in_use: Callable[[set[str]], int], progress: Progress
) -> tuple[int, EmbedReport]:
    """Embed the selected rows as FaceDataUpdate does, and mark them in use; nothing ever leaves the file.

    Each batch is on the disk before its rows are marked, so that a kill costs no more than the work since.

    Parameters
    ----------
    site : Site
    path : Path
        The HDF5 file; a face whose key is in it is replaced.
    again : bool
        Embed the rows in use anew, too.
    mark_in_use : callable
        Given the keys of faces that are on the disk, marks their rows and returns how many it did.
    progress : callable
        Called with faces done, faces to do, and of what.

    Returns
    -------
    int, EmbedReport
        How many rows are in use from now on, and what became of the file.
    """
    fingerprint = site.crop_embedder.fingerprint
    had, done, used = facedata.keys(path, fingerprint), set[str](), 0
    listed = Facelist(site.facelist, site.datasink.problems)
    statuses = (Status.SELECTED, Status.IN_USE) if again else (Status.SELECTED,)
    rows = list(listed.having(*statuses).values())
    faces = _embedded(site, rows)
    while batch := dict(islice(faces, SAVE_EVERY)):
        facedata.update(path, batch, set(), fingerprint)
        used += mark_in_use(set(batch))
        done |= set(batch)
        progress(len(done), len(rows), "gallery")
    return used, EmbedReport(len(had - done), len(done), 0, 0, path)


def _embedded(site: Site, rows: list[Row]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the rows' keys and embeddings; what cannot be embedded is noted, and its row stays as it is (bug B7)."""
    for row in rows:
        eyes = row.eyes
        marks = Eyes(eyes.rx, eyes.ry, eyes.lx, eyes.ly, eyes.rx - eyes.lx, eyes.ry - eyes.ly, eyes.angle)
        try:
            face = enrolment_face(decode(site.datasink.picture(row.frame)), row.box, marks)
        except BadInputError as error:
            site.datasink.problems.add(f"{row.frame.date} {row.frame.event}", None, f"not embedded: {error}")
            continue
        key = facedata.face_key(row.name, row.frame, row.box, site.datasink.name)
        yield key, site.crop_embedder.embed_crop(face)
