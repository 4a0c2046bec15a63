"""Whether the terminal can show pictures, and how: by its environment, and by asking it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import struct
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator, Mapping

ANSWER_SECONDS = 1.0  # every terminal answers who it is; over a slow line this takes a while
WHO = b"\x1b[c"  # primary device attributes, which all of them have understood since 1978
KITTY = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"  # would you show one pixel?
_ATTRIBUTES = re.compile(rb"\x1b\[\?([\d;]*)c")
_SIXEL = b"4"
_KITTY_SIGNS = ("KITTY_WINDOW_ID", "GHOSTTY_RESOURCES_DIR", "KONSOLE_VERSION", "WEZTERM_PANE")
_ITERMS = {"iTerm.app", "WezTerm", "mintty", "rio"}
Ask = Callable[[bytes], bytes]


def way(environ: Mapping[str, str], ask: Ask) -> str:
    r"""Return how the terminal shows pictures: kitty, iterm, sixel, or nothing when it does not.

    Kitty's question is put only to terminals whose environment says that they know it: others would print it.

    Parameters
    ----------
    environ : mapping
    ask : callable
        Given a question, returns what the terminal answers, up to its attributes.

    Examples
    --------
    >>> way({"TERM": "xterm-256color"}, lambda question: b"\x1b[?62;4;22c")
    'sixel'
    >>> way({"TERM": "dumb"}, lambda question: b"")
    ''
    """
    term = environ.get("TERM", "")
    if term in {"", "dumb", "linux"}:
        return ""
    inside = "TMUX" in environ or term.startswith(("screen", "tmux"))  # what is around it hears nothing from us
    kittyish = not inside and ("kitty" in term or "ghostty" in term or any(sign in environ for sign in _KITTY_SIGNS))
    answer = ask(KITTY + WHO if kittyish else WHO)
    if kittyish and b"\x1b_Gi=31;OK" in answer:
        return "kitty"
    if not inside and (environ.get("TERM_PROGRAM") in _ITERMS or environ.get("LC_TERMINAL") == "iTerm2"):
        return "iterm"
    found = _ATTRIBUTES.search(answer)
    return "sixel" if found and _SIXEL in found[1].split(b";")[1:] else ""


def detected() -> str:
    """Return how the terminal that this process writes to shows pictures; nothing when it writes to none."""
    if not sys.stdout.isatty():
        return ""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return ""
    try:
        in_front = os.tcgetpgrp(terminal) == os.getpgrp()  # else asking would stop this process
        return way(os.environ, lambda question: ask(terminal, question)) if in_front else ""
    except OSError:
        return ""
    finally:
        os.close(terminal)


def ask(terminal: int, question: bytes, seconds: float = ANSWER_SECONDS) -> bytes:
    """Ask a terminal, and return what it answers up to its attributes; less when it is slower than that."""
    answer, until = b"", time.monotonic() + seconds
    with _unechoed(terminal):
        os.write(terminal, question)
        while not _ATTRIBUTES.search(answer):
            left = until - time.monotonic()
            if left <= 0 or not select.select([terminal], [], [], left)[0]:
                break
            got = os.read(terminal, 1024)
            if not got:
                break
            answer += got
    return answer


@contextlib.contextmanager
def _unechoed(terminal: int) -> Iterator[None]:
    """Let answers come at once and unseen; whatever comes of one too late is not taken for somebody's typing."""
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal, termios.TCSANOW)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)


def width(terminal: int | None = None) -> int:
    """Return how many pixels a terminal, else that of standard output, is across, about; 800 when it does not know."""
    try:
        asked = sys.stdout.fileno() if terminal is None else terminal
        _, columns, across, _ = struct.unpack("HHHH", fcntl.ioctl(asked, termios.TIOCGWINSZ, bytes(8)))
    except OSError:
        return 800
    return across or 8 * columns or 800
