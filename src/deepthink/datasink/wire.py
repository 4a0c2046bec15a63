"""What SentinelCam's DataFeed and DataPump say to each other (docs/formats.md, 1.2), and over which sockets."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from deepthink.errors import BadInputError, MissingExtraError

try:
    import msgpack
    import zmq
    import zmq.auth
except ImportError as error:
    raise MissingExtraError("pyzmq or msgpack", "sentinelcam") from error

OK = b'{"msg": "OK"}'  # the first of two frames
DONE, ERROR, EXCEPTION, LOCKED = b"OK", b"Error", b"Exception", b"Locked"  # the only frame
LONGEST_REQUEST = 64 * 1024  # bytes; a good one has some 150
LONGEST_ARRIVAL = 1024 * 1024  # bytes of a request; libzmq hangs up on who sends a service more
LONGEST_MESSAGE = 256 * 1024 * 1024  # bytes; libzmq hangs up on who sends more
LARGEST_STAND_IN = 2000  # bytes
FRAMETIME = re.compile(r"\d{4}-\d{2}-\d{2}_\d{2}\.\d{2}\.\d{2}(\.\d{6})?", re.ASCII)


@cache
def stand_in() -> bytes:
    """Return the picture that is sent where there is none: one black pixel, as SentinelCam's."""
    return bytes(cv2.imencode(".jpg", np.zeros((1, 1, 3), np.uint8))[1])


def is_stand_in(jpeg: bytes) -> bool:
    """Whether a picture is the single pixel that stands for none.

    Examples
    --------
    >>> is_stand_in(stand_in())
    True
    """
    if len(jpeg) > LARGEST_STAND_IN:
        return False
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) if jpeg else None
    return image is not None and image.shape[:2] == (1, 1)


def pack(request: dict[str, str]) -> bytes:
    """Write a request."""
    packed: bytes = msgpack.packb(request)
    return packed


def unpack(frame: bytes) -> dict[Any, Any] | None:
    """Read a request; None when it is none, whatever it is."""
    if len(frame) > LONGEST_REQUEST:
        return None
    try:
        request = msgpack.unpackb(frame, strict_map_key=False)
    except Exception:  # msgpack's errors share no base class, and neither do those of text that is not UTF-8
        return None
    return request if isinstance(request, dict) else None


def open_socket(context: Any, kind: int) -> Any:
    """Make a socket that does not keep its process from ending, nor takes more than a message can be."""
    socket = context.socket(kind)
    socket.linger = 0
    socket.maxmsgsize = LONGEST_MESSAGE
    socket.tcp_keepalive = 1
    return socket


def make_keys(folder: Path) -> Path:
    """Make a server's and a first client's CURVE keys in a folder, unless they are there; return the folder.

    The folder then holds `server.key` (public), `server.key_secret`, `client.key_secret` (a client needs it and
    `server.key`), and `clients`, the public keys of all who may connect.
    """
    clients = folder / "clients"
    if not (folder / "server.key_secret").exists():
        clients.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        zmq.auth.create_certificates(folder, "server")
        public, _ = zmq.auth.create_certificates(folder, "client")
        Path(public).rename(clients / "client.key")
        for secret in folder.glob("*.key_secret"):
            secret.chmod(0o600)
    return folder


def lock_server(socket: Any, folder: Path) -> None:
    """Let a socket take connections by CURVE keys alone; an authenticator must be at work beside it."""
    socket.curve_publickey, socket.curve_secretkey = _key(folder / "server.key_secret")
    socket.curve_server = True


def lock_client(socket: Any, folder: Path) -> None:
    """Let a socket connect with the client's key, to a server with the key that the folder names."""
    socket.curve_publickey, socket.curve_secretkey = _key(folder / "client.key_secret")
    socket.curve_serverkey = _key(folder / "server.key")[0]


def _key(file: Path) -> tuple[bytes, bytes | None]:
    try:
        public, secret = zmq.auth.load_certificate(file)
    except (OSError, ValueError) as error:
        raise BadInputError(
            f"{file} is no CURVE key: {error}. Make keys with: deepthink serve pump --curve FOLDER"
        ) from None
    return public, secret
