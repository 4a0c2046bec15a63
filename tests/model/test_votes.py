"""Votes: who is out of the race for certain, by libsvm's order of equals."""

import numpy as np
import pytest

from deepthink.model.votes import _beaten


@pytest.mark.parametrize(
    ("own", "won", "beaten"),
    [
        (1, 2, True),  # the first class has as many for certain, and comes first
        (0, 2, False),  # the second has as many, but comes later
        (0, 1, True),
        (2, 3, False),
        (2, 2, True),
    ],
)
def test_a_row_is_beaten_by_more_certain_votes_or_as_many_of_an_earlier_class(own, won, beaten):
    assert _beaten(np.array([2, 2, 0]), np.array([own]), np.array([won])).tolist() == [beaten]


def test_the_own_certain_votes_beat_nobody():
    assert not _beaten(np.array([0, 3, 0]), np.array([1]), np.array([2])).any()
