"""What an inventory says of one host, each value checked: a slip, or a template that nobody has filled in, is named."""

from __future__ import annotations

import math
import re
from typing import Any

from deepthink.deployment.inventory import NAMES, Inventory
from deepthink.errors import BadInputError, SettingsError
from deepthink.registry.naming import check_version

_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:%-]*")  # of ssh's command line: a leading dash would make it an option


class Variables:
    """A host's variables.

    Parameters
    ----------
    inventory : Inventory
    host : str

    Examples
    --------
    >>> from pathlib import Path
    >>> Variables(Inventory(Path("i.yaml"), {"porch": {"ansible_port": "22"}}, {}), "porch").number("ansible_port")
    22.0
    """

    def __init__(self, inventory: Inventory, host: str) -> None:
        self.path, self.host, self._said = inventory.path, host, inventory.hosts[host]

    def text(self, name: str) -> str | None:
        """Return a text; None when it is absent or empty."""
        value = self._said.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool | list | dict) or "{{" in str(value) or not str(value).isprintable():
            raise self._wrong(name, value, "one line of text")
        return str(value)

    def word(self, name: str) -> str | None:
        """Return what goes on ssh's command line: a host, a user."""
        value = self.text(name)
        if value is not None and not _WORD.fullmatch(value):
            raise self._wrong(name, value, "a plain name or address")
        return value

    def number(self, name: str) -> float | None:
        """Return a number above 0."""
        value = self.text(name)
        try:
            number = None if value is None else float(value)
        except ValueError:
            number = math.nan
        if number is not None and not 0 < number < math.inf:
            raise self._wrong(name, value, "a number above 0")
        return number

    def words(self, name: str) -> list[str] | None:
        """Return a list of words."""
        value = self._said.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self._wrong(name, value, "a list of words")
        return value

    def version(self) -> str | None:
        """Return the version that the host is kept on, as SentinelCam's inventories say it."""
        name = "model_version_overrides"
        overrides = self._said.get(name) or {}
        if not isinstance(overrides, dict):
            raise self._wrong(name, overrides, "keys and values, such as {face_recognition: gamma3}")
        found = [overrides[one] for one in sorted(NAMES) if overrides.get(one)]
        try:
            return check_version(str(found[0])) if found else None
        except BadInputError as error:
            raise self._wrong(name, found[0], f"a version ({error})") from None

    def _wrong(self, name: str, value: Any, what: str) -> SettingsError:
        return SettingsError(
            f"{self.path}: {name} of {self.host} is {value!r}. It must be {what}, written out and not computed."
        )
