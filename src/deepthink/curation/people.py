"""The names that people see, beside those that SentinelCam's files can carry."""

from __future__ import annotations

from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from deepthink.curation.names import check_name
from deepthink.errors import BadInputError
from deepthink.files import locked, replacing

FILE = "people.yaml"  # beside the facelist, which SentinelCam reads and which gets no column of ours
LONGEST = 80


class People:
    """Each person's name as it is shown, kept in `people.yaml` beside a facelist.

    Parameters
    ----------
    facelist : Path

    Examples
    --------
    >>> import tempfile
    >>> people = People(Path(tempfile.mkdtemp()) / "facelist.csv")
    >>> people.show("Ann_Lee", "Ann Lee (mum)")
    >>> people.shown("Ann_Lee"), people.shown("Bob")
    ('Ann Lee (mum)', 'Bob')
    """

    def __init__(self, facelist: Path) -> None:
        self.path = Path(facelist).with_name(FILE)

    def shown(self, name: str) -> str:
        """Return how a person is called where people look: their own name unless another was given."""
        return self.all().get(name, name)

    def all(self) -> dict[str, str]:
        """Return all names that are shown otherwise; a file that cannot be read shows none."""
        try:
            content = YAML(typ="safe").load(self.path.read_text(encoding="utf-8")) or {}
        except (OSError, ValueError, YAMLError):
            return {}
        return {str(name): str(shown) for name, shown in content.items()} if isinstance(content, dict) else {}

    def show(self, name: str, shown: str) -> None:
        """Show a person under another name from now on.

        Raises
        ------
        BadInputError
            The first cannot be a person's name, or the second holds what cannot be shown, or is too long.
        """
        check_name(name)
        if not shown.strip() or not shown.isprintable() or len(shown) > LONGEST:
            raise BadInputError(f"{shown[:LONGEST]!r} cannot be shown as a name: 1 to {LONGEST} printable characters.")
        with locked(self.path):
            names = {**self.all(), name: shown.strip()}
            with replacing(self.path) as beside, beside.open("w", encoding="utf-8") as file:
                YAML(typ="safe").dump(dict(sorted(names.items())), file)
