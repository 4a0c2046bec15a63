"""Pictures from outside: what they claim to be is read before they are decoded, so that none can fill the memory."""

from __future__ import annotations

import struct

import cv2
import numpy as np

from deepthink.detection.detect import decode
from deepthink.errors import BadInputError

LARGEST = 50 * 1024 * 1024  # bytes of a file
MOST_PIXELS = 60_000_000  # decoded, 180 MB
LONG_SIDE = 1920  # pixels; what is larger is brought down to it: no camera's picture here is
_NO_SIZE = {0x01, 0xD8, *range(0xD0, 0xD8)}  # markers of JPEG without a length
_NO_FRAME = {0xC4, 0xC8, 0xCC}  # those among C0 to CF that begin no frame


def check_size(content: bytes) -> tuple[int, int]:
    r"""Return the width and height that a JPEG, PNG or WebP file claims, without decoding it.

    Raises
    ------
    BadInputError
        It is none of these, or larger than a photograph.

    Examples
    --------
    >>> check_size(b"\x89PNG\r\n\x1a\n" + bytes(4) + b"IHDR" + bytes([0, 0, 1, 0, 0, 0, 0, 64]))
    (256, 64)
    """
    size = _jpeg(content) or _png(content) or _webp(content)
    if size is None:
        raise BadInputError("not a JPEG, PNG or WebP picture")
    width, height = size
    if width * height > MOST_PIXELS:
        raise BadInputError(f"too large: it claims {width} x {height} pixels")
    return size


def read_picture(content: bytes) -> np.ndarray:
    """Decode a picture from outside and bring it down to a size that a datasink keeps.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        BGR.

    Raises
    ------
    BadInputError
        It is no picture, damaged, or larger than a photograph.
    """
    if len(content) > LARGEST:
        raise BadInputError(f"too large: more than {LARGEST // 2**20} MB")
    check_size(content)
    try:
        image = decode(content)
    except cv2.error:
        raise BadInputError("the picture cannot be decoded") from None
    scale = LONG_SIDE / max(image.shape[:2])
    return image if scale >= 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def as_jpeg(image: np.ndarray) -> bytes:
    """Encode a picture anew: nothing of the file it came from is kept, neither where it was taken nor what it hid."""
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def _png(content: bytes) -> tuple[int, int] | None:
    if content[:8] != b"\x89PNG\r\n\x1a\n" or content[12:16] != b"IHDR" or len(content) < 24:
        return None
    return struct.unpack(">II", content[16:24])


def _webp(content: bytes) -> tuple[int, int] | None:
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP" or len(content) < 30:
        return None
    kind = content[12:16]
    if kind == b"VP8X":
        return int.from_bytes(content[24:27], "little") + 1, int.from_bytes(content[27:30], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(content[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", content[26:30])
    return (width & 0x3FFF, height & 0x3FFF) if kind == b"VP8 " else None


def _jpeg(content: bytes) -> tuple[int, int] | None:
    """Walk over the segments to the one that begins the frame."""
    if content[:3] != b"\xff\xd8\xff":
        return None
    at = 2
    while at + 9 <= len(content):
        if content[at] != 0xFF:
            return None
        kind = content[at + 1]
        if kind == 0xFF:  # a fill byte
            at += 1
        elif kind in _NO_SIZE:
            at += 2
        elif 0xC0 <= kind <= 0xCF and kind not in _NO_FRAME:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        else:
            at += 2 + max(2, int.from_bytes(content[at + 2 : at + 4], "big"))
    return None
