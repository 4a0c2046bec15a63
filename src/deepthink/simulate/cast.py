"""Who can be filmed: drawn people, or photographs of real ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from deepthink.curation.names import check_name, suggest_name
from deepthink.errors import BadInputError, BadNameError
from deepthink.simulate.residents import Person, draw, glance

NAMES = [
    "Ada",
    "Bela",
    "Cleo",
    "Dario",
    "Edda",
    "Farid",
    "Greta",
    "Hugo",
    "Ines",
    "Jonas",
    "Kaya",
    "Leif",
    "Mina",
    "Nils",
    "Oona",
    "Pavel",
    "Rosa",
    "Silas",
    "Tilda",
    "Uwe",
    "Vera",
    "Wim",
    "Xenia",
    "Yves",
]


class Actor(Protocol):
    """Someone who can be filmed."""

    @property
    def name(self) -> str:
        """Who it is."""
        ...

    def appear(self, rng: np.random.Generator, height: int, turned: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return a picture (rows, columns, 3) uint8 BGR, `height` rows, and its opacity (rows, columns), 0 to 1."""
        ...


@dataclass(frozen=True)
class Drawn:
    """A drawn person, seen a little differently each time."""

    name: str
    person: Person

    def appear(self, rng: np.random.Generator, height: int, turned: bool) -> tuple[np.ndarray, np.ndarray]:
        """Draw the person in a new view."""
        return draw(self.person, glance(rng, turned), height)


@dataclass(frozen=True)
class Photographed:
    """A real person's photograph, brought near and far, lighter and darker."""

    name: str
    file: Path

    def appear(self, rng: np.random.Generator, height: int, turned: bool) -> tuple[np.ndarray, np.ndarray]:
        """Show the photograph with a little change of size, light and angle; `turned` has no meaning for it."""
        photo = cv2.imread(str(self.file), cv2.IMREAD_COLOR)
        if photo is None:
            raise BadInputError(f"{self.file} is not a picture")
        scale = height / photo.shape[0] * rng.uniform(0.94, 1.06)
        turn = cv2.getRotationMatrix2D((photo.shape[1] / 2, photo.shape[0] / 2), rng.uniform(-4, 4), 1.0)
        turned_photo = cv2.warpAffine(photo, turn, photo.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
        shown = cv2.resize(turned_photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        lit = np.clip(shown.astype(np.float32) * rng.uniform(0.85, 1.1) + rng.uniform(-8, 8), 0, 255)
        return lit.astype(np.uint8), np.ones(lit.shape[:2], np.float32)


@dataclass(frozen=True)
class Photographs:
    """A folder of real people: residents by name, and strangers."""

    residents: dict[str, list[Path]]
    strangers: list[Path]


def read_photographs(folder: Path) -> Photographs:
    """Read `folder/residents/<Name>/*.jpg` and `folder/strangers/*.jpg`.

    Raises
    ------
    BadInputError
        There are no such folders, or a resident's name cannot be carried.
    """
    residents = {
        _name(person): sorted(person.glob("*.jpg"))
        for person in sorted((folder / "residents").glob("*"))
        if person.is_dir()
    }
    if not any(residents.values()):
        raise BadInputError(f"{folder} has no photographs: residents/<Name>/*.jpg and strangers/*.jpg are looked for.")
    return Photographs(residents, sorted((folder / "strangers").glob("*.jpg")))


def _name(folder: Path) -> str:
    try:
        return check_name(folder.name)
    except BadNameError:
        return suggest_name(folder.name)
