"""The pictures of the page: faces cut out once and kept on disk within a bound, and frames as the camera took them."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from deepthink.curation.facelist import Row
from deepthink.curation.montage import square
from deepthink.curation.vectors import face_id
from deepthink.detection.detect import decode
from deepthink.errors import BadInputError

SIDES = {"small": 160, "large": 480}  # pixels
QUALITY = 82  # of the JPEG
FOLDER = ".faces"  # of the faces that were cut out, in the folder of montages
BOUND = 256 * 2**20  # bytes on disk
_END = b"\xff\xd9"  # of a whole JPEG
_LEAVE = 0.8  # of the bound, once it is reached


class Faces:
    """Faces of the facelist's rows as small JPEGs.

    Parameters
    ----------
    folder : Path
        Where those that were cut out are kept; it can be removed at any time.
    picture : callable
        Returns the JPEG bytes of a row's frame; BadInputError when it is gone.
    bound : int
        Bytes that are kept at most; the oldest go first.
    """

    def __init__(self, folder: Path, picture: Callable[[Row], bytes], bound: int = BOUND) -> None:
        self.folder, self.picture, self.bound = folder, picture, bound
        self._one = threading.Lock()
        self._bytes = sum(size for _, size, _ in self._kept())

    def get(self, row: Row, size: str) -> bytes:
        """Return a face.

        Raises
        ------
        BadInputError
            There is no such size, or the picture is gone or damaged.
        """
        if size not in SIDES:
            raise BadInputError(f"There is no size {size[:40]!r}. Sizes: {', '.join(SIDES)}.")
        path = self._path(row, size)
        with contextlib.suppress(OSError):
            content = path.read_bytes()
            if content.endswith(_END):
                return content
        content = _cut(self.picture(row), row, SIDES[size])
        self._keep(path, content)
        return content

    def _path(self, row: Row, size: str) -> Path:
        """Return where a face is kept: by a hash, so that nothing of a request can lead elsewhere."""
        name = hashlib.blake2b(f"{face_id(row)}{size}".encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
        return self.folder / name[:2] / f"{name}.jpg"

    def _keep(self, path: Path, content: bytes) -> None:
        with contextlib.suppress(OSError):  # a full disk costs speed, and nothing else
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_suffix(f".{threading.get_ident()}")
            beside.write_bytes(content)  # not forced to the disk: one that a power cut tore is cut out again
            beside.replace(path)
            with self._one:
                self._bytes += len(content)
                if self._bytes > self.bound:
                    self._make_room()

    def _make_room(self) -> None:
        kept = sorted(self._kept())
        self._bytes = sum(size for _, size, _ in kept)
        for _, size, path in kept:
            if self._bytes <= _LEAVE * self.bound:
                break
            with contextlib.suppress(OSError):
                path.unlink()
                self._bytes -= size

    def _kept(self) -> list[tuple[float, int, Path]]:
        """Return when each face was kept, its bytes, and where it lies."""
        found = []
        for path in self.folder.glob("??/*.jpg"):
            with contextlib.suppress(OSError):
                stat = path.stat()
                found.append((stat.st_mtime, stat.st_size, path))
        return found


def _cut(jpeg: bytes, row: Row, side: int) -> bytes:
    face = square(decode(jpeg), row.box)
    smaller = face.shape[0] > side
    return encode(cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC))


def encode(image: np.ndarray) -> bytes:
    """Return a picture as JPEG."""
    done, content = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise BadInputError("The picture cannot be drawn.")
    return content.tobytes()
