"""Lays embeddings out on a plane, so that a person can see which faces lie together and draw a line around some."""

from __future__ import annotations

import numpy as np


def lay_flat(vectors: np.ndarray) -> np.ndarray:
    """Project embeddings on the plane in which they differ most (principal components, Hotelling 1933).

    Parameters
    ----------
    vectors : ndarray of shape (faces, dimensions)

    Returns
    -------
    ndarray of shape (faces, 2)
        Places from 0 to 1, both axes in one scale, so that distances on the plane can be compared; 0.5 where nothing
        differs.

    Examples
    --------
    >>> lay_flat(np.array([[0.0, 0, 1], [0, 0, 1], [9, 0, 1], [9, 0, 1]])).tolist()
    [[0.0, 0.5], [0.0, 0.5], [1.0, 0.5], [1.0, 0.5]]
    """
    faces = len(vectors)
    places = np.zeros((faces, 2))
    if faces > 1:
        centred = np.asarray(vectors, np.float64) - np.mean(vectors, axis=0, dtype=np.float64)
        _, sizes, axes = np.linalg.svd(centred, full_matrices=False)
        largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
        axes = axes * np.where(largest < 0, -1.0, 1.0)  # always the same way round
        wanted = min(2, int((sizes > 1e-9 * max(sizes[0], 1e-30)).sum()))
        places[:, :wanted] = centred @ axes[:wanted].T
    middle = (places.max(axis=0, initial=0) + places.min(axis=0, initial=0)) / 2
    span = float((places.max(axis=0, initial=0) - places.min(axis=0, initial=0)).max())
    return np.round((places - middle) / (span or 1.0) + 0.5, 6)
