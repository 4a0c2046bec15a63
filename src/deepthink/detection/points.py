"""Two conventions for five landmarks, and the way from the one to the other."""

from __future__ import annotations

import numpy as np

# dlib's five (outer and inner corner of the eye on the right of the picture, of the other eye, base of the nose), each
# as a weighted sum of the other five (middle of the eye on the left of the picture, of the other eye, tip of the nose,
# mouth corners from left to right). Points are complex numbers, and weights sum to 1, so that a face that is moved,
# turned or scaled has its landmarks moved, turned and scaled. Least squares on YuNet's and dlib's landmarks of 456
# photographs of Labeled Faces in the Wild at 1 and 2 times their size, and of their mirror images; what is left over is
# 7 to 9 % of the distance between the eyes, most of it dlib's own scatter.
_WEIGHTS = np.array(
    [
        (0.198 + 0.271j, 0.767 + 0.006j, -0.085 + 0.048j, -0.011 - 0.255j, 0.131 - 0.070j),
        (0.294 + 0.159j, 0.588 - 0.065j, 0.036 + 0.033j, 0.013 - 0.109j, 0.069 - 0.018j),
        (0.767 - 0.006j, 0.198 - 0.271j, -0.085 - 0.048j, 0.131 + 0.070j, -0.011 + 0.255j),
        (0.588 + 0.065j, 0.294 - 0.159j, 0.036 - 0.033j, 0.069 + 0.018j, 0.013 + 0.109j),
        (-0.005 - 0.020j, -0.005 + 0.020j, 0.622 + 0.0j, 0.194 + 0.037j, 0.194 - 0.037j),
    ]
)


def to_dlib(points: np.ndarray) -> np.ndarray:
    """Return dlib's five landmarks of a face of which eye middles, nose tip and mouth corners are known.

    Parameters
    ----------
    points : ndarray of shape (5, 2)
        As YuNet, RetinaFace and ArcFace have them: eye and eye, nose tip, mouth corner and mouth corner, each pair
        from left to right in the picture.

    Returns
    -------
    ndarray of shape (5, 2), float32

    Examples
    --------
    >>> arcface = np.array([(38.3, 51.7), (73.5, 51.5), (56.0, 71.7), (41.5, 92.4), (70.7, 92.2)])
    >>> to_dlib(arcface).round().tolist()
    [[80.0, 53.0], [66.0, 53.0], [32.0, 53.0], [45.0, 53.0], [56.0, 80.0]]
    """
    across, down = np.asarray(points, np.float64).T
    found = _WEIGHTS @ (across + 1j * down)
    return np.stack([found.real, found.imag], axis=1).astype(np.float32)
