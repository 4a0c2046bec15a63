"""OpenSSH's signature format (PROTOCOL.sshsig) with Ed25519 keys.

`ssh-keygen -Y verify` reads what is written here, and what `ssh-keygen -Y sign` writes is read here.
Only the format is here; who is believed is in `signers.py`.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import TYPE_CHECKING, Any

from deepthink.errors import MissingExtraError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ED25519 = "ssh-ed25519"
MAGIC, VERSION = b"SSHSIG", 1
BEGIN, END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
WIDTH = 70  # characters a line, as ssh-keygen
HASHES = ("sha512", "sha256")  # the two that the format allows; we write the first


def library() -> Any:
    """Return `cryptography`'s Ed25519, loaded when it is first needed: most commands need none.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise MissingExtraError("cryptography", "deploy") from error
    return ed25519


def sign(key: Ed25519PrivateKey, message: bytes, namespace: str) -> str:
    """Return the armoured signature of a message.

    Parameters
    ----------
    key : Ed25519PrivateKey
    message : bytes
    namespace : str
        What the signature is for: one made for another purpose is worth nothing here.
    """
    public = public_blob(key.public_key().public_bytes_raw())
    signature = pack(ED25519.encode(), key.sign(_signed(message, namespace, b"", HASHES[0])))
    parts = pack(public, namespace.encode(), b"", HASHES[0].encode(), signature)
    return armour(MAGIC + struct.pack(">I", VERSION) + parts)


def verify(text: str, message: bytes, namespace: str) -> bytes:
    """Return the public key that made a message's signature, as OpenSSH writes it; whether to believe it is not asked.

    Raises
    ------
    ValueError
        The signature is torn, for another purpose, of another kind of key, or not of this message.
    """
    blob = dearmour(text)
    if blob[:10] != MAGIC + struct.pack(">I", VERSION):
        raise ValueError("it is not a signature of OpenSSH's first version")
    public, purpose, reserved, name, signature = unpack(blob[10:], 5)
    if purpose != namespace.encode():
        raise ValueError(f"it was made for {purpose.decode(errors='replace')!r}, not for {namespace!r}")
    if name.decode(errors="replace") not in HASHES:
        raise ValueError("its hash is none that OpenSSH uses")
    _check(public, signature, _signed(message, namespace, reserved, name.decode()))
    return public


def _check(public: bytes, signature: bytes, signed: bytes) -> None:
    (kind, raw), (made_by, numbers) = unpack(public, 2), unpack(signature, 2)
    if kind != ED25519.encode() or made_by != kind:
        raise ValueError(f"it is of a key of kind {kind.decode(errors='replace')!r}; only {ED25519} is read")
    ed25519 = library()
    from cryptography.exceptions import InvalidSignature

    try:
        ed25519.Ed25519PublicKey.from_public_bytes(raw).verify(numbers, signed)
    except InvalidSignature:
        raise ValueError("what is signed is not what is here") from None


def _signed(message: bytes, namespace: str, reserved: bytes, name: str) -> bytes:
    """Return what the key really signs: the purpose and the message's hash."""
    return MAGIC + pack(namespace.encode(), reserved, name.encode(), hashlib.new(name, message).digest())


def public_blob(raw: bytes) -> bytes:
    """Return a public key of 32 bytes as OpenSSH writes it."""
    return pack(ED25519.encode(), raw)


def pack(*parts: bytes) -> bytes:
    """Return byte strings as OpenSSH's `string`s, one after the other."""
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def unpack(blob: bytes, count: int) -> list[bytes]:
    """Return the byte strings of which a blob is made, exactly so many and nothing after them.

    Examples
    --------
    >>> unpack(pack(b"a", b""), 2)
    [b'a', b'']
    """
    parts = []
    for _ in range(count):
        end = 4 + int.from_bytes(blob[:4], "big")
        if len(blob) < max(end, 4):
            raise ValueError("it is not whole")
        parts.append(blob[4:end])
        blob = blob[end:]
    if blob:
        raise ValueError("something follows after its end")
    return parts


def armour(blob: bytes, width: int = WIDTH) -> str:
    """Return a signature as text."""
    text = base64.b64encode(blob).decode()
    lines = [text[start : start + width] for start in range(0, len(text), width)]
    return "\n".join([BEGIN, *lines, END]) + "\n"


def dearmour(text: str) -> bytes:
    """Return a signature from its text, which must be exactly as it is written: a changed or absent byte is refused."""
    lines = text.split("\n")
    try:
        blob = base64.b64decode("".join(lines[1:-2]), validate=True)
        whole = armour(blob, len(lines[1])) == text
    except (ValueError, IndexError):
        whole = False
    if not whole:
        raise ValueError("it is not whole")
    return blob
