"""One piece of news that waits: for which channels, how often each was tried, and when again."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from deepthink.messages.base import News

FIRST_SECONDS = 60.0
MOST_SECONDS = 3600.0
GIVEN_UP_SECONDS = 3 * 24 * 3600.0
LEAST_TRIES = 7  # as many as the first two hours hold: a clock that jumps over days gives nothing up


@dataclass(frozen=True)
class Tries:
    """How often something was sent to a channel in vain, and when it may be sent again."""

    count: int = 0
    again: float = 0.0  # seconds since 1970

    def seconds(self, now: float) -> float:
        """Return how long to wait yet; a time that is further off than any wait comes from a clock that was wrong."""
        away = self.again - now
        return 0.0 if away > MOST_SECONDS else max(0.0, away)

    def once_more(self, now: float) -> Tries:
        """Return them after another try: a minute is waited for, then two, up to an hour.

        Examples
        --------
        >>> tries = Tries()
        >>> for _ in range(7):
        ...     tries = tries.once_more(now=0)
        >>> tries
        Tries(count=7, again=3600.0)
        """
        return Tries(self.count + 1, now + min(MOST_SECONDS, FIRST_SECONDS * 2 ** min(self.count, 10)))


@dataclass
class Waiting:
    """News, and the channels that do not have them yet."""

    news: News
    to: dict[str, Tries]
    since: float

    @classmethod
    def of(cls, news: News, channels: list[str], now: float) -> Waiting:
        """Return news that nobody has yet."""
        return cls(news, {name: Tries() for name in channels}, now)

    def over(self, name: str, now: float) -> bool:
        """Whether a channel has been tried for long enough."""
        return now - self.since > GIVEN_UP_SECONDS and self.to[name].count >= LEAST_TRIES

    def as_dict(self) -> dict[str, Any]:
        """Return it as its file has it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Waiting:
        """Return what a file holds."""
        to = {str(name): Tries(int(tries["count"]), float(tries["again"])) for name, tries in content["to"].items()}
        return cls(News(**content["news"]), to, float(content["since"]))
