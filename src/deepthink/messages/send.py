"""Send what waits, once, in a process of its own: the service stays small, as what Apprise needs is gone with it.

python -m deepthink.messages.send [--set=KEY=VALUE ...] SITE
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

from deepthink.errors import DeepthinkError
from deepthink.messages.base import News
from deepthink.messages.make import usable_channels
from deepthink.messages.outbox import FOLDER, Delivery, Outbox, reason
from deepthink.settings import Settings, load

LONGEST = 300  # seconds; a channel that hangs has been noted as tried, so the next time others come first


def send(settings: Settings) -> list[Delivery]:
    """Send what is due to every channel that can be used; return what was tried, and what is wrong with the others."""
    channels, wrong = usable_channels(settings.messages, settings.root)
    unusable = [Delivery("settings", "a channel cannot be used", False, says) for says in wrong]
    return unusable + Outbox(settings.watch_folder / FOLDER).deliver(channels)


def try_all(settings: Settings) -> list[Delivery]:
    """Send one test message by every configured way, at once and only once; return of each whether it arrived."""
    channels, wrong = usable_channels(settings.messages, settings.root)
    news = News("test", "A test of DeepThink's messages", "Somebody has asked for it. Nothing is to be done.")
    tried = [Delivery("settings", news.title, False, says) for says in wrong]
    for channel in channels:
        try:
            channel.send(news)
            tried.append(Delivery(channel.name, news.title, True))
        except Exception as error:  # also what a channel did not foresee: the others are tried too
            tried.append(Delivery(channel.name, news.title, False, reason(error)))
    return tried


def main(arguments: Sequence[str]) -> int:
    """Send once; one line for each try."""
    flags = [word.removeprefix("--set=") for word in arguments if word.startswith("--set=")]
    signal.alarm(LONGEST)
    try:
        (site,) = arguments[len(flags) :]
        for delivery in send(load(site, flags)):
            print(delivery, flush=True)
    except DeepthinkError as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
