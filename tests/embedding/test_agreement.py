"""From photograph to embedding, with and without dlib."""

import cv2
import dlib
import numpy as np
import pytest

from deepthink.detection.align import DlibChip
from deepthink.detection.opencv import CascadeDetector
from deepthink.embedding.dlib import DlibReference, DlibResnet
from deepthink.records import Box

CENTRE = Box(38, 42, 112, 116)  # where LFW's faces lie in photographs of 150 pixels


@pytest.fixture(scope="module")
def embedder():
    return DlibResnet()


@pytest.mark.parametrize("scale", [1.0, 2.6])
def test_the_pipeline_agrees_with_dlibs_given_the_same_boxes(photographs, embedder, their_predictor, scale):
    box = Box(*(round(side * scale) for side in (CENTRE.x1, CENTRE.y1, CENTRE.x2, CENTRE.y2)))
    images = [cv2.resize(image, None, fx=scale, fy=scale) for _, image in photographs[::14]]
    theirs = []
    for image in images:
        rgb = np.ascontiguousarray(image[:, :, ::-1])
        shape = their_predictor(rgb, dlib.rectangle(box.x1, box.y1, box.x2 - 1, box.y2 - 1))
        theirs.append(dlib.get_face_chip(rgb, shape, 150, 0.25)[:, :, ::-1])
    aligner = DlibChip()
    ours = np.stack([aligner.align(image, box)[0] for image in images])
    distances = np.linalg.norm(embedder.embed(ours) - DlibReference().embed(np.stack(theirs)), axis=1)
    assert distances.mean() < 0.02  # 0.0000 measured: the crops are the same to the bit


def test_one_persons_photographs_lie_nearer_than_two_peoples(photographs, embedder):
    chosen = photographs[::4]
    detector, aligner = CascadeDetector(), DlibChip()
    found = [(name, image, detector.detect(image)) for name, image in chosen]
    crops = np.stack([aligner.align(image, faces[0].box)[0] for _, image, faces in found if faces])
    names = np.array([name for name, _, faces in found if faces])
    embeddings = embedder.embed(crops)
    distances = np.linalg.norm(embeddings[:, None] - embeddings[None], axis=2)
    same = names[:, None] == names[None]
    other = ~same
    np.fill_diagonal(same, False)
    assert np.median(distances[same]) < 0.5 < np.quantile(distances[other], 0.01) + 0.05
    assert (distances[same] < 0.6).mean() > 0.95
    assert (distances[other] > 0.6).mean() > 0.97
