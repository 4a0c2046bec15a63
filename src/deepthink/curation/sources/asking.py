"""Asks a server of the house over HTTP, and believes nothing that it answers."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlencode, urljoin, urlsplit

from deepthink.curation.sources.picture import LARGEST
from deepthink.errors import BadInputError, StepError

TIMEOUT, WHOLE = 20.0, 60.0  # seconds: for each part of an answer, and for all of it
PAUSES = (0.5, 2.0, 5.0)  # seconds before an answer that did not come is asked for again
MOST_JSON = 32 * 1024 * 1024  # bytes
_AGAIN = {429, 500, 502, 503, 504}
_PART = 64 * 1024
KEY = "DEEPTHINK_IMPORT_KEY"
_LONGEST_KEY = 4096


def check_address(address: str) -> str:
    """Return a server's address without its last slash.

    Raises
    ------
    BadInputError
        It is not http or https, names no host, or holds a password or a query.

    Examples
    --------
    >>> check_address("http://nas:2283/")
    'http://nas:2283'
    """
    try:
        parts = urlsplit(address)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good or not address.isascii() or not address.isprintable() or " " in address:
        raise BadInputError(f"{address[:80]!r} is not the address of a server. Expected: http://nas:2283")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise BadInputError("A server's address holds neither password nor query here; keys come from a file.")
    return address.rstrip("/")


class Server:
    """A server that is asked with a key.

    Parameters
    ----------
    address : str
    key : str
        Sent to this address alone; never part of an error.
    pause : callable, optional
        Waits some seconds.
    """

    def __init__(self, address: str, key: str, pause: Callable[[float], None] = time.sleep) -> None:
        self.address, self._pause = check_address(address), pause
        self._headers = {"x-api-key": key, "Accept": "*/*"} if key else {"Accept": "*/*"}
        # A proxy of the environment is not asked: these servers are in the house, and the key is theirs alone
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay(self.address))

    def ask(
        self, path: str, query: Mapping[str, object] | None = None, body: object = None
    ) -> dict[str, Any] | list[Any]:
        """Return what a path answers as JSON: an object or a list.

        Raises
        ------
        BadInputError
            The answer is not what it should be, or the key is refused.
        StepError
            There is no answer.
        """
        try:
            found = json.loads(self.fetch(path, query, body, MOST_JSON))
        except BadInputError as error:
            raise BadInputError(f"{self.address}{path}: {error}") from None
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict | list):
            raise BadInputError(f"{self.address}{path} does not answer with JSON as it should. Is the address right?")
        return found

    def fetch(
        self, path: str, query: Mapping[str, object] | None = None, body: object = None, most: int = LARGEST
    ) -> bytes:
        """Return the bytes that a path answers with; asked for again when they do not come."""
        url = self.address + quote(path) + (f"?{urlencode(query)}" if query else "")
        why = ""
        for pause in (*PAUSES, None):
            try:
                return self._once(url, body, most)
            except urllib.error.HTTPError as error:
                error.close()
                if error.code not in _AGAIN:
                    raise _refused(self.address, error.code) from None
                why = f"it answers {error.code}"
            except (OSError, http.client.HTTPException) as error:
                why = str(getattr(error, "reason", error)) or type(error).__name__
            if pause is not None:
                self._pause(pause)
        raise StepError(f"{self.address} does not answer ({why}).")

    def _once(self, url: str, body: object, most: int) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        headers = {**self._headers, **({"Content-Type": "application/json"} if data else {})}
        request = urllib.request.Request(url, data, headers)  # the scheme has been checked
        with self._opener.open(request, timeout=TIMEOUT) as answer:
            return _all(answer, most, time.monotonic() + WHOLE)


def _all(answer: IO[bytes], most: int, until: float) -> bytes:
    """Read an answer whole, were its length told or not; neither without end nor a byte at a time for ever."""
    content = bytearray()
    while part := answer.read(min(_PART, most + 1 - len(content))):
        content += part
        if len(content) > most:
            raise BadInputError(f"too large: more than {most // 2**20} MB")
        if time.monotonic() > until:
            raise TimeoutError("too slow")
    left = getattr(answer, "length", 0)
    if left:
        raise http.client.IncompleteRead(bytes(content), left)
    return bytes(content)


def _refused(address: str, code: int) -> BadInputError | StepError:
    if code in {401, 403}:
        return StepError(f"{address} refuses the key (it answers {code}).")
    return BadInputError(f"the server answers {code}")


def part(ident: str) -> str:
    """Return an id that is one part of a path, whatever a server calls one.

    Examples
    --------
    >>> part("6b135f5b-a365-4522-b1f1-4c9ac2dd0728")
    '6b135f5b-a365-4522-b1f1-4c9ac2dd0728'
    """
    if not ident.replace("-", "").isalnum() or not ident.isascii():
        raise BadInputError("its id is none")
    return ident


def read_key(file: Path | None, environ: Mapping[str, str]) -> str:
    """Return the key to ask with, from a file or else from the environment; empty when there is none.

    Raises
    ------
    BadInputError
        The file cannot be read, or what it holds can be no key; it is not shown.
    """
    try:
        key = environ.get(KEY, "") if file is None else file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise BadInputError(f"{file}: {getattr(error, 'strerror', None) or 'cannot be read'}") from None
    key = key.strip()
    if not all("!" <= letter <= "~" for letter in key) or len(key) > _LONGEST_KEY:
        raise BadInputError(f"{file or KEY} holds no key: one line of letters, digits and signs is expected.")
    return key


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only to the same server: to another the key would go along, and its answers mean nothing."""

    def __init__(self, address: str) -> None:
        self.address = address

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """Return the next request, or refuse it."""
        there, here = urlsplit(urljoin(req.full_url, newurl)), urlsplit(self.address)
        if (there.scheme, there.netloc) != (here.scheme, here.netloc):
            raise BadInputError(
                f"{self.address} sends elsewhere, to {there.scheme}://{there.netloc[:80]}. "
                "Name that address if you trust it."
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)
