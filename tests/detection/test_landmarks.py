import dlib
import numpy as np
import pytest

from deepthink import weights
from deepthink.detection.landmarks import ShapePredictor
from deepthink.errors import WeightsError
from deepthink.records import Box


@pytest.fixture(scope="module")
def predictor():
    return ShapePredictor()


@pytest.fixture(scope="module")
def theirs(their_predictor):
    def predict(image, box):
        image = np.ascontiguousarray(image[:, :, ::-1]) if image.ndim == 3 else image
        parts = their_predictor(image, dlib.rectangle(box.x1, box.y1, box.x2 - 1, box.y2 - 1)).parts()
        return np.array([(part.x, part.y) for part in parts])

    return predict


def boxes_near_the_middle(rng, count):
    corners = np.array([38, 42, 112, 116]) + rng.integers(-12, 13, (count, 4))
    return [Box(*corner) for corner in corners.tolist()]


def test_a_thousand_faces_have_dlibs_landmarks_within_half_a_pixel(photographs, predictor, theirs):
    rng = np.random.default_rng(5)
    worst = 0.0
    for image in photographs[:250]:
        boxes = boxes_near_the_middle(rng, 4)
        expected = np.array([theirs(image, box) for box in boxes])
        worst = max(worst, np.abs(predictor.predict(image, boxes) - expected).max())
    assert worst <= 0.501  # dlib rounds to whole pixels; nothing else differs


@pytest.mark.parametrize("box", [Box(-40, -30, 60, 70), Box(100, 90, 190, 200), Box(300, 300, 380, 380)])
def test_boxes_over_the_edge_see_black_there_as_in_dlib(photographs, predictor, theirs, box):
    image = photographs[0]
    assert np.abs(predictor.predict(image, [box])[0] - theirs(image, box)).max() <= 0.501


def test_grey_pictures_are_read_as_they_are(photographs, predictor, theirs):
    grey = np.ascontiguousarray(photographs[3][:, :, 1])
    box = Box(38, 42, 112, 116)
    assert np.abs(predictor.predict(grey, [box])[0] - theirs(grey, box)).max() <= 0.501


def test_faces_found_together_are_those_found_alone(photographs, predictor):
    boxes = boxes_near_the_middle(np.random.default_rng(6), 5)
    together = predictor.predict(photographs[8], boxes)
    assert np.array_equal(together, np.concatenate([predictor.predict(photographs[8], [box]) for box in boxes]))


def test_no_boxes_give_no_landmarks(predictor):
    landmarks = predictor.predict(np.zeros((50, 50, 3), np.uint8), [])
    assert (landmarks.shape, landmarks.dtype) == ((0, 5, 2), np.float32)


def test_the_eyes_lie_above_the_nose(photographs, predictor):
    landmarks = np.concatenate([predictor.predict(image, [Box(38, 42, 112, 116)]) for image in photographs[:40]])
    assert (landmarks[:, :4, 1].max(axis=1) < landmarks[:, 4, 1]).mean() > 0.95
    assert (landmarks[:, 0, 0] > landmarks[:, 2, 0]).all()


def test_an_altered_weight_file_is_refused(tmp_path, monkeypatch):
    (tmp_path / weights.known("dlib-landmarks").file).write_bytes(b"altered")
    monkeypatch.setenv("DEEPTHINK_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match="is not the published"):
        ShapePredictor().predict(np.zeros((50, 50), np.uint8), [Box(0, 0, 40, 40)])
