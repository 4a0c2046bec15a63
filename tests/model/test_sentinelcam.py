"""Every row of SentinelCam's decision table (docs/formats.md, 1.4)."""

import numpy as np
import pytest

from deepthink.model.sentinelcam import sentinelcam_rule


@pytest.mark.parametrize(
    ("shares", "distances", "aligned", "expected"),
    [
        ((0.98, 0.02), (0.99, 0.50), True, 0),  # sure and near enough, though another is nearer
        ((0.98, 0.02), (1.00, 1.20), True, 0),  # sure, far, but the nearest
        ((0.97, 0.03), (0.50, 0.90), True, 0),  # not sure, but the nearest
        ((0.60, 0.40), (1.50, 1.60), True, 0),  # not sure, far from everybody, and yet a name
        ((0.97, 0.03), (0.98, 0.50), True, 1),  # not sure: the nearest overrules
        ((0.98, 0.02), (1.00, 0.99), True, 1),  # sure but too far: the nearest overrules
        ((0.98, 0.02), (1.20, 1.00), True, None),  # sure of one, another nearer, both far: Unknown
        ((0.98, 0.02), (1.20, 1.00), False, 0),  # the same without eyes found: the classifier's
    ],
)
def test_the_decision_table(shares, distances, aligned, expected):
    assert sentinelcam_rule(np.array(shares), np.array(distances), aligned) == expected
