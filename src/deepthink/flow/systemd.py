"""What a service tells systemd: that it is ready, that it is alive, that it ends."""

from __future__ import annotations

import contextlib
import os
import socket
import time

READY, STOPPING, ALIVE = "READY=1", "STOPPING=1", "WATCHDOG=1"


def tell(state: str) -> bool:
    """Tell systemd something, as sd_notify(3) does; whether anybody was there to be told.

    Parameters
    ----------
    state : str
        Lines such as ``READY=1``, ``STOPPING=1``, ``WATCHDOG=1``, ``STATUS=waits until 3:00``.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address[:1] not in ("/", "@"):
        return False
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to:
        to.settimeout(1)  # a manager that does not listen must not hold the service up
        to.connect("\0" + address[1:] if address[0] == "@" else address)
        to.sendall(state.encode())
        return True
    return False


def tell_reloading() -> bool:
    """Say that settings are read anew; READY=1 must follow. Type=notify-reload wants the time with it."""
    return tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
