"""Who is believed: public keys in OpenSSH's `allowed_signers` format, which `ssh-keygen -Y verify -f` reads too."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from deepthink.errors import BadInputError
from deepthink.files import locked, write_text
from deepthink.registry.sshsig import ED25519, unpack

NAMESPACE = "deepthink-version"  # what our signatures are for
IDENTITY = "deepthink"  # under which name: `ssh-keygen -Y verify -I deepthink`
SIGNERS = "allowed_signers"
# principals, options (the quotes may hold spaces), kind, key, comment
_LINE = re.compile(rf'(?P<who>\S+)\s+((?P<options>(?:[^\s"]|"[^"]*")+)\s+)?{ED25519}\s+(?P<key>\S+)\s*(?P<comment>.*)')
_OPTION = re.compile(r'namespaces="(?P<namespaces>[^"]*)"')


@dataclass(frozen=True)
class Signer:
    """Somebody whose signatures are believed."""

    key: bytes  # as OpenSSH writes it
    comment: str

    @property
    def fingerprint(self) -> str:
        """SHA256:..., as ssh-keygen -l shows it."""
        return fingerprint(self.key)

    @property
    def public(self) -> str:
        """The line of a .pub file."""
        return f"{ED25519} {base64.b64encode(self.key).decode()} {self.comment}".strip()


def fingerprint(key: bytes) -> str:
    """Return a public key's SHA256:..., as ssh-keygen -l shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def read_signers(path: Path) -> list[Signer]:
    """Return who may sign versions; a line with options that are not understood makes nobody trusted."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return []
    return [signer for line in lines if (signer := _signer(line.strip()))]


def _signer(line: str) -> Signer | None:
    found = _LINE.fullmatch(line)
    if line.startswith("#") or not found:
        return None
    if found["options"]:
        option = _OPTION.fullmatch(found["options"])
        if not option or NAMESPACE not in option["namespaces"].split(","):
            return None
    try:
        return Signer(_key(found["key"]), found["comment"])
    except ValueError:
        return None


def _key(text: str) -> bytes:
    blob = base64.b64decode(text, validate=True)
    kind, raw = unpack(blob, 2)
    if kind != ED25519.encode() or len(raw) != 32:
        raise ValueError("not an Ed25519 key")
    return blob


def read_public(text: str) -> Signer:
    """Return a public key from the line of a .pub file.

    Raises
    ------
    BadInputError
        It is none, or none of Ed25519.
    """
    kind, _, rest = text.strip().partition(" ")
    key, _, comment = rest.strip().partition(" ")
    try:
        if kind != ED25519 or "\n" in comment:
            raise ValueError
        return Signer(_key(key), comment.strip())
    except ValueError:
        raise BadInputError(
            f"This is no public key: {text.strip()[:60]!r}. It should be one line, '{ED25519} AAAA... comment', as in "
            "a .pub file; make one with: ssh-keygen -t ed25519"
        ) from None


def trust(path: Path, signer: Signer) -> bool:
    """Believe a key from now on; whether it was not yet believed."""
    with locked(path):
        if signer.key in {one.key for one in read_signers(path)}:
            return False
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        line = f'{IDENTITY} namespaces="{NAMESPACE}" {signer.public}\n'
        write_text(path, before + ("\n" if before and not before.endswith("\n") else "") + line)
    return True
