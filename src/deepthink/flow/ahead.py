"""Work done ahead on the other cores, in order, and never more of it than a few items."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from deepthink.embedding.session import usable_cores

T = TypeVar("T")
R = TypeVar("R")


def ahead(work: Callable[[T], R], items: Iterable[T], workers: int | None = None) -> Iterator[R]:
    """Yield what `work` makes of each item, in the items' order, while threads make the next ones.

    Decoding, detection and networks leave Python's lock alone, so threads are enough. At most two results a worker
    wait, so memory does not grow however slow the consumer is. An exception of `work` comes out at its item's turn.

    Parameters
    ----------
    work : callable
        Called in other threads, with one item.
    items : iterable
        Taken from only as far as there is room.
    workers : int, optional
        Threads; by default half of the usable cores, and at least one: the consumer works too.

    Examples
    --------
    >>> list(ahead(lambda number: number * number, range(5)))
    [0, 1, 4, 9, 16]
    """
    workers = workers or max(1, usable_cores() // 2)
    rest, waiting = iter(items), deque[Future[R]]()
    with ThreadPoolExecutor(workers, "ahead") as pool:
        try:
            waiting.extend(pool.submit(work, item) for item in islice(rest, 2 * workers))
            while waiting:
                result = waiting.popleft().result()
                waiting.extend(pool.submit(work, item) for item in islice(rest, 1))
                yield result
        finally:
            for future in waiting:
                future.cancel()
