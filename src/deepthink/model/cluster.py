"""The duels of a grid search on other machines: a Dask cluster solves the pairs, this one counts the votes.

Start a scheduler and, on each machine with the same DeepThink, a worker: `dask scheduler`, `dask worker
tcp://first-machine:8786 --nthreads 4`. Traffic is neither encrypted nor asked for a password unless you set up Dask's
TLS (a `tls://` address): use it within a network that you trust.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from deepthink.errors import MissingExtraError, SettingsError
from deepthink.model.compiled import cache_folder

if TYPE_CHECKING:
    from deepthink.model.duels import Duels
    from deepthink.model.pairs import Path

CONNECT_SECONDS = 10


def solve_remotely(duels: Duels, order: Sequence[int], address: str) -> Iterator[tuple[int, Path]]:
    """Solve pairs on a cluster, and yield each as it is done.

    Parameters
    ----------
    duels : Duels
        Sent once to every worker.
    order : sequence of int
        The pairs, the largest first.
    address : str
        The scheduler's, such as tcp://192.168.1.20:8786.

    Raises
    ------
    SettingsError
        There is no scheduler there, it has no workers, or they run other code than this.
    """
    with _connected(address) as client:
        from distributed import as_completed

        _check(client, address)
        (everything,) = client.scatter([duels], broadcast=True)
        # by turns with other searches on this cluster: else a later one had nothing to tell until the first is done
        futures = [client.submit(_solve, everything, pair, priority=-place) for place, pair in enumerate(order)]
        for future in as_completed(futures):
            yield future.result()
            future.release()


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    try:
        from distributed import Client
    except ImportError:
        raise MissingExtraError("distributed", "cluster") from None
    try:
        client = Client(address, timeout=CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"There is no Dask scheduler at {address}: {' '.join(str(error).split())}. Start one with: dask scheduler"
        ) from None
    with client:
        yield client


def _check(client: Any, address: str) -> None:
    """Refuse workers whose solver is not this one: their results would be none of ours."""
    found = client.run(_code)
    if not found:
        raise SettingsError(f"The scheduler at {address} has no workers. Start one with: dask worker {address}")
    others = sorted(worker for worker, code in found.items() if code != _code())
    if others:
        raise SettingsError(f"Another version of DeepThink runs on {', '.join(others)}. Install the same everywhere.")


def _code() -> str:
    """Return the name of the solver's code."""
    return cache_folder().name


def _solve(duels: Duels, pair: int) -> tuple[int, Path]:
    with threadpool_limits(1, user_api="blas"):
        return duels.solve(pair)
