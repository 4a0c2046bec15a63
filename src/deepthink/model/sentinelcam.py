"""SentinelCam's own decision rule, exactly (docs/formats.md, 1.4): for comparison, and for nodes that still run it."""

from __future__ import annotations

import numpy as np

SURE, NEAR = 0.97, 0.99


def sentinelcam_rule(shares: np.ndarray, distances: np.ndarray, aligned: bool = True) -> int | None:
    """Return whose face SentinelCam would call it, as an index, or None for Unknown.

    Parameters
    ----------
    shares : ndarray of shape (people,)
        The classifier's probabilities.
    distances : ndarray of shape (people,)
        To each person's baseline, in embedding units.
    aligned : bool
        Whether both eyes were found.

    Examples
    --------
    >>> sentinelcam_rule(np.array([0.4, 0.6]), np.array([1.5, 1.4]))  # far from everybody, and yet it has a name
    1
    >>> sentinelcam_rule(np.array([0.4, 0.6]), np.array([1.4, 1.5])) is None
    True
    """
    sure, near = int(shares.argmax()), int(distances.argmin())
    if sure == near or (shares[sure] > SURE and distances[sure] <= NEAR):
        return sure
    if distances[near] <= NEAR:
        return near
    return None if aligned else sure
