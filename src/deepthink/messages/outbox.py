"""News that wait on disk until each channel has them: no kill, power cut or absent receiver loses any."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deepthink.errors import DeepthinkError, DeliveryError, InUseError
from deepthink.files import locked, write_json
from deepthink.messages.base import Channel, News
from deepthink.messages.waiting import MOST_SECONDS, Waiting

FOLDER = "outbox"  # in the site's training/watch
MOST = 1000  # files that wait; the oldest are given up beyond
STALE_SECONDS = 3600.0  # after which a half-written file belongs to nobody any more

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Delivery:
    """What became of one try to send news by one channel."""

    channel: str
    title: str
    arrived: bool
    says: str = ""  # why not, and what happens next

    def __str__(self) -> str:
        return f"{self.channel}: {self.title}: {'arrived' if self.arrived else self.says}"


class Outbox:
    """A folder of news, one file each, that leave when every channel has them.

    Parameters
    ----------
    folder : Path
        Where they wait; made when there is something to keep.

    Examples
    --------
    >>> import tempfile
    >>> class Loud:
    ...     name = "loud"
    ...     def send(self, news): print(news.title)
    >>> outbox = Outbox(Path(tempfile.mkdtemp()))
    >>> outbox.put(News("deployed", "v7 is in production", "On two nodes."), ["loud"])
    True
    >>> [delivery.arrived for delivery in outbox.deliver([Loud()])]
    v7 is in production
    [True]
    >>> outbox.deliver([Loud()])
    []
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.held: list[tuple[News, list[str]]] = []  # what the disk did not take

    def put(self, news: News, channels: Sequence[str]) -> bool:
        """Keep news for channels, by their names; False when the disk did not take them, which is tried again."""
        if channels:
            self.held = [*self.held, (news, list(channels))][-MOST:]
        return self.keep_held()

    def keep_held(self) -> bool:
        """Write what an earlier `put` could not; False when the disk still does not take it."""
        while self.held:
            news, channels = self.held[0]
            try:
                self._keep(news, channels)
            except OSError as error:
                log.error("news could not be kept (%s): %s", error.strerror or error, news.title)
                return False
            del self.held[0]
        return True

    def _keep(self, news: News, channels: list[str]) -> None:
        """Write news; those that wait already, by their id, are not put twice."""
        name = hashlib.sha256(news.id.encode()).hexdigest()[:32]  # an id can be long, and hold whatever a name may
        if not any(path.name[21:] == f"{name}.json" for path in self._paths()):
            path = self.folder / f"{self._number():020d}-{name}.json"
            write_json(path, Waiting.of(news, channels, time.time()).as_dict())

    def due(self, now: float | None = None) -> float | None:
        """Return when there is something to send, in seconds since 1970; None: nothing waits."""
        now = time.time() if now is None else now
        waiting = [one for path in self._paths() if (one := _read(path))]
        return min((now + tries.seconds(now) for one in waiting for tries in one.to.values()), default=None)

    def deliver(self, channels: Iterable[Channel], now: float | None = None) -> list[Delivery]:
        """Send what is due, in order, to each channel by itself; return what was tried.

        A channel that fails is left alone for a minute, then two, up to an hour; what is younger waits behind it. When
        another process delivers at this moment nothing is done.
        """
        try:
            with locked(self.folder / "deliver", seconds=0):
                return self._delivered({channel.name: channel for channel in channels}, now)
        except InUseError:
            log.debug("another process delivers")
        except OSError as error:
            log.error("nothing can be delivered: %s: %s", error.filename or self.folder, error.strerror or error)
        return []

    def _delivered(self, channels: dict[str, Channel], now: float | None) -> list[Delivery]:
        self._tidy()
        tried: list[Delivery] = []
        blocked: set[str] = set()  # who must get something older first
        for path in self._paths():
            waiting = _read(path)
            for name in list(waiting.to) if waiting else []:
                assert waiting is not None
                at = time.time() if now is None else now
                if name not in blocked and waiting.to[name].seconds(at) <= 0:
                    tried.append(_try(path, waiting, name, channels.get(name), at))
                if name in waiting.to:
                    blocked.add(name)
        return tried

    def _number(self) -> int:
        """Return a number above all that wait, so that order survives a clock that is set back."""
        last = max((int(path.name[:20]) for path in self._paths()), default=0)
        return max(time.time_ns(), last + 1)

    def _paths(self) -> list[Path]:
        return sorted(path for path in self.folder.glob("*-*.json") if path.name[:20].isdigit())

    def _tidy(self) -> None:
        """Remove what a kill left half-written, and the oldest of far too many."""
        for path in self.folder.glob(".*.part"):
            if abs(time.time() - path.stat().st_mtime) > STALE_SECONDS:
                path.unlink(missing_ok=True)
        for path in self._paths()[:-MOST]:
            log.error("given up, as more than %d news wait: %s", MOST, path.name)
            path.unlink(missing_ok=True)


def _try(path: Path, waiting: Waiting, name: str, channel: Channel | None, now: float) -> Delivery:
    """Send to one channel; the try is noted before, so that a process which dies of it does not do so at once again."""
    waiting.to[name] = waiting.to[name].once_more(now)
    write_json(path, waiting.as_dict())
    try:
        if channel is None:
            raise DeliveryError("it is not set up here any more, or cannot be used as it is")
        channel.send(waiting.news)
    except Exception as error:  # also what a channel did not foresee: the others must get theirs
        return _missed(path, waiting, name, error, now)
    _has(path, waiting, name)
    log.info("%s: arrived: %s", name, waiting.news.title)
    return Delivery(name, waiting.news.title, True)


def reason(error: Exception) -> str:
    """Return why something did not arrive; what nobody foresaw may hold an address, and is named by its kind alone."""
    return str(error) if isinstance(error, DeepthinkError) else type(error).__name__


def _missed(path: Path, waiting: Waiting, name: str, error: Exception, now: float) -> Delivery:
    tries = waiting.to[name]
    why = reason(error)
    if waiting.over(name, now):
        _has(path, waiting, name)
        log.error("%s: given up after %d tries (%s): %s", name, tries.count, why, waiting.news.title)
        return Delivery(name, waiting.news.title, False, f"{why}; given up after {tries.count} tries")
    minutes = round(min(MOST_SECONDS, tries.seconds(now)) / 60)
    log.warning("%s: did not arrive, tried again in %d min (%s): %s", name, minutes, why, waiting.news.title)
    return Delivery(name, waiting.news.title, False, f"{why}; tried again in {minutes} min")


def _has(path: Path, waiting: Waiting, name: str) -> None:
    """Note that a channel needs no more; the last takes the file away, which works on a full disk too."""
    del waiting.to[name]
    if waiting.to:
        write_json(path, waiting.as_dict())
    else:
        path.unlink(missing_ok=True)


def _read(path: Path) -> Waiting | None:
    """Read what waits; what is damaged is put aside, for a person to look at."""
    try:
        return Waiting.from_dict(json.loads(path.read_bytes()))
    except FileNotFoundError:  # another process has just delivered it
        return None
    except OSError as error:
        log.error("%s cannot be read now: %s", path, error.strerror)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        log.error("%s is damaged (%s) and is put aside", path, type(error).__name__)
        with contextlib.suppress(OSError):
            path.rename(path.with_suffix(".damaged"))
    return None
