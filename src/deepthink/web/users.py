"""Who may use the page, and what for: names, roles and argon2 hashes of passwords, in a file that its owner reads."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from deepthink.errors import BadInputError, SettingsError
from deepthink.files import locked, replacing

FILE: Final = "reviewers/users.json"  # in the site's folder
ROLES: Final = ("look", "review", "administer")  # each may do what those before it may
SHORTEST, LONGEST = 10, 256  # characters of a password
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_AT_ONCE = threading.Semaphore(2)  # a check takes 64 MB and a core for a moment: many at once would stop the machine


@dataclass(frozen=True)
class User:
    """Somebody who is logged in."""

    name: str
    role: str
    mark: str = ""  # changes with the password, so that it ends the sessions that began under the old one

    def may(self, role: str) -> bool:
        """Whether they may do what a role may."""
        return ROLES.index(self.role) >= ROLES.index(role)


class Users:
    """The people who may log in.

    Parameters
    ----------
    path : Path
        Absent means nobody.
    hasher : PasswordHasher, optional
        What makes and checks hashes; by default with the costs that argon2's authors recommend.

    Examples
    --------
    >>> import tempfile
    >>> users = Users(Path(tempfile.mkdtemp()) / "users.json")
    >>> users.add("ann", "correct horse battery", "review")
    >>> users.check("ann", "correct horse battery").role, users.check("ann", "wrong"), users.check("bob", "wrong")
    ('review', None, None)
    """

    def __init__(self, path: Path, hasher: PasswordHasher | None = None) -> None:
        self.path = path
        self._hasher = hasher or PasswordHasher()
        self._nobodys = self._hasher.hash("nobody's password")

    def _all(self) -> dict[str, dict[str, str]]:
        try:
            content: Any = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise SettingsError(f"{self.path} cannot be read: {error}") from None
        if not isinstance(content, dict) or not all(_whole(entry) for entry in content.values()):
            raise SettingsError(f"{self.path} does not hold users as `deepthink serve review --add-user` writes them.")
        return content

    def __bool__(self) -> bool:
        return bool(self._all())

    def names(self) -> dict[str, str]:
        """Return everybody's role."""
        return {name: entry["role"] for name, entry in self._all().items()}

    def add(self, name: str, password: str, role: str) -> None:
        """Let somebody log in, or give them another password or role.

        Raises
        ------
        BadInputError
            The name, the role or the password cannot be.
        """
        if not _NAME.fullmatch(name):
            raise BadInputError(f"{name[:40]!r} cannot be a user: 1 to 32 of letters, digits, '.', '_' and '-'.")
        if role not in ROLES:
            raise BadInputError(f"There is no role {role[:40]!r}. Roles: {', '.join(ROLES)}.")
        if not SHORTEST <= len(password) <= LONGEST:
            raise BadInputError(f"A password has {SHORTEST} to {LONGEST} characters.")
        with locked(self.path):
            self._write({**self._all(), name: {"role": role, "password": self._hasher.hash(password)}})

    def remove(self, name: str) -> None:
        """Let somebody log in no more; their sessions end."""
        with locked(self.path):
            if name not in self._all():
                raise BadInputError(f"There is no user {name[:40]!r}. Known: {', '.join(self._all()) or 'nobody'}.")
            self._write({known: entry for known, entry in self._all().items() if known != name})

    def _write(self, users: dict[str, dict[str, str]]) -> None:
        make_private(self.path.parent)
        with replacing(self.path) as beside:
            beside.write_text(json.dumps(users, indent=2) + "\n", encoding="utf-8")
        self.path.chmod(0o600)

    def check(self, name: str, password: str) -> User | None:
        """Return who that is, if name and password belong together; as long is taken when there is no such name."""
        entry = self._all().get(name)
        with _AT_ONCE:
            try:
                self._hasher.verify(entry["password"] if entry else self._nobodys, password[:LONGEST])
            except (VerificationError, InvalidHashError):
                return None
        return self.find(name) if entry else None

    def find(self, name: str) -> User | None:
        """Return a user as they stand now."""
        entry = self._all().get(name)
        return User(name, entry["role"], _mark(entry["password"])) if entry else None


def make_private(folder: Path) -> None:
    """Make a folder that its owner alone can look into, and that a site kept in git does not give away."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    (folder / ".gitignore").write_text("*\n")


def _whole(entry: Any) -> bool:
    return isinstance(entry, dict) and entry.get("role") in ROLES and isinstance(entry.get("password"), str)


def _mark(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()[:16]
