import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepthink import weights
from deepthink.detection.forest import decode, read_cascade
from deepthink.errors import WeightsError


def packed(*values):
    """Write integers as dlib does."""
    content = [abs(value).to_bytes(max(1, (abs(value).bit_length() + 7) // 8), "little") for value in values]
    heads = (len(each) | (0x80 if value < 0 else 0) for value, each in zip(values, content, strict=True))
    return b"".join(bytes([head]) + each for head, each in zip(heads, content, strict=True))


# One forest of one tree with one split, which compares two pixels by one landmark.
SMALLEST = (
    *(1, -2, -1, 1, -1, 1, -1),  # version, and the mean shape (0.5, 0.5)
    *(1, 1, 1, 0, 1, 3, -1, 2),  # forests, trees, splits: pixels 0 and 1, threshold 1.5; leaves
    *(-2, -1, 1, 0, 2, 0),  # the left leaf, (1, 2)
    *(-2, -1, 3, 0, 4, 0),  # the right leaf, (3, 4)
    *(1, 2, 0, 0),  # the landmarks that the pixels are near
    *(1, 2, 1, -2, 1, -3, 0, 0, -1, -1),  # the pixels' offsets, (0.25, 0.125) and (0, -0.5)
)


@given(st.lists(st.integers(-(2**62), 2**62)))
def test_integers_come_back_as_they_were_written(values):
    assert decode(packed(*values)).tolist() == values


@given(st.binary(max_size=200))
def test_garbage_bytes_raise_nothing_but_a_weights_error(data):
    with pytest.raises(WeightsError):
        read_cascade(data)


@given(st.integers(0, len(SMALLEST) - 1), st.integers(-(2**40), 2**40))
def test_a_garbage_number_raises_nothing_but_a_weights_error(place, value):
    numbers = [*SMALLEST]
    numbers[place] = value
    try:
        cascade = read_cascade(packed(*numbers))
    except WeightsError:
        return
    assert np.isfinite(cascade.stages[0].leaves).all()


def test_the_smallest_predictor_is_read():
    cascade = read_cascade(packed(*SMALLEST))
    (stage,) = cascade.stages
    assert cascade.shape.tolist() == [[0.5, 0.5]]
    assert (stage.first.tolist(), stage.second.tolist(), stage.thresholds.tolist()) == ([[0]], [[1]], [[1.5]])
    assert stage.leaves.tolist() == [[[[1, 2]], [[3, 4]]]]
    assert stage.offsets.tolist() == [[0.25, 0.125], [0, -0.5]]


def test_dlibs_predictor_is_read_whole():
    cascade = read_cascade(weights.find("dlib-landmarks").read_bytes())
    assert len(cascade.stages) == 15
    assert cascade.stages[0].leaves.shape == (500, 16, 5, 2)
    assert all(len(stage.anchors) == 800 for stage in cascade.stages)


@pytest.mark.parametrize("length", [0, 1, 3, 1000, -1, -5])
def test_a_truncated_file_is_refused(length):
    with pytest.raises(WeightsError):
        read_cascade(weights.find("dlib-landmarks").read_bytes()[:length])


def test_a_file_with_something_after_its_end_is_refused():
    with pytest.raises(WeightsError, match="1 numbers too many"):
        read_cascade(packed(*SMALLEST, 7))


def test_another_file_of_dlibs_is_refused():
    with pytest.raises(WeightsError, match="Not a dlib landmark predictor"):
        read_cascade(weights.find("dlib-resnet").read_bytes()[:100_000])
