"""A folder of people, one folder each, as Labeled Faces in the Wild is laid out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from deepthink.curation.sources.base import Offer, words
from deepthink.curation.sources.places import folders, pictures, reader


class PeopleFolder:
    """`<person>/*.jpg`: whoever made the folders has said who they are.

    Parameters
    ----------
    root : Path

    Examples
    --------
    >>> import tempfile
    >>> root = Path(tempfile.mkdtemp())
    >>> (root / "Ann").mkdir()
    >>> _ = (root / "Ann" / "1.jpg").write_bytes(b"")
    >>> [(offer.name, offer.ident) for offer in PeopleFolder(root).pictures()]
    [('Ann', 'Ann/1.jpg')]
    """

    kind, lasting = "people", False

    def __init__(self, root: Path) -> None:
        self.root, self.origin = root, str(root)

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """Whether a folder is laid out so."""
        return any(pictures(folder) for folder in folders(root))

    def pictures(self) -> Iterator[Offer]:
        """Yield the pictures of everybody."""
        for folder in folders(self.root):
            for path in pictures(folder):
                ident = path.relative_to(self.root).as_posix()
                yield Offer(ident, reader(path), words(folder.name), confirmed=True)
