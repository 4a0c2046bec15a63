"""Links the faces of an event that are one person's, so that an event is answered once for each person in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from deepthink.records import Sample

# Embedding units. Faces of one person in one event lie about 0.2 to 0.4 apart, two people 0.6 and more (dlib's network
# on Labeled Faces in the Wild). The outpost's tracker is a witness too, but it swaps people who cross.
LINK = 0.45
SAME_OBJECT = 0.15
SHARP = 40.0  # focus beyond which a face is no better for recognition


@dataclass(frozen=True)
class Face:
    """One face of an event, embedded."""

    sample: Sample
    objid: str  # the outpost's tracked object
    embedding: np.ndarray  # (dimensions,) float32


@dataclass
class Track:
    """The faces that are taken for one person's."""

    faces: list[Face] = field(default_factory=list)

    @property
    def usable(self) -> bool:
        """Whether any of its faces is good enough for a name."""
        return any(face.sample.quality.usable for face in self.faces)

    def probe(self) -> np.ndarray:
        """Return the mean embedding of the usable faces, or of all when none is; sharp faces count for more."""
        good = [face for face in self.faces if face.sample.quality.usable] or self.faces
        weights = [1.0 + min(face.sample.quality.focus, SHARP) for face in good]
        return np.average([face.embedding for face in good], axis=0, weights=weights)


def link(faces: Sequence[Face]) -> list[Track]:
    """Link an event's faces into tracks, frame by frame; two faces of one frame are never one person's.

    Parameters
    ----------
    faces : sequence of Face
        In any order.
    """
    tracks: list[Track] = []
    for time in sorted({face.sample.frame.time for face in faces}):
        _extend(tracks, [face for face in faces if face.sample.frame.time == time])
    return tracks


def _extend(tracks: list[Track], frame: list[Face]) -> None:
    """Give each face of a frame to the nearest track that is still free, or start a new one."""
    costs = sorted((_cost(track, face), t, f) for t, track in enumerate(tracks) for f, face in enumerate(frame))
    taken: dict[int, int] = {}
    for cost, track, face in costs:
        if cost < LINK and track not in taken.values() and face not in taken:
            taken[face] = track
    for number, one in enumerate(frame):
        if number in taken:
            tracks[taken[number]].faces.append(one)
        else:
            tracks.append(Track([one]))


def _cost(track: Track, face: Face) -> float:
    away = float(np.linalg.norm(track.probe() - face.embedding))
    return away - (SAME_OBJECT if track.faces[-1].objid == face.objid else 0.0)
