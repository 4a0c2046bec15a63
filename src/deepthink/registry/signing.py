"""Signs a version's manifest with the site's key, and believes only a manifest that a trusted key has signed.

    <site>/keys/signing            the private key: mode 0600, never copied to a version or a target
    <site>/keys/signing.pub        the public one
    <site>/keys/allowed_signers    whose signatures are believed; each target holds a copy

The manifest names every file's hash, so that its signature is that of the whole version.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

from deepthink.errors import BadInputError, DamagedVersionError, SettingsError, UntrustedVersionError
from deepthink.files import flush, locked, write_text
from deepthink.registry import sshsig
from deepthink.registry.manifest import MANIFEST, SIGNATURE, parse_manifest
from deepthink.registry.signers import NAMESPACE, SIGNERS, Signer, fingerprint, read_public, read_signers, trust

LARGEST = 16 * 1024  # bytes; a signature has some 300


class Keys:
    """The keys of a site.

    Parameters
    ----------
    folder : Path
        Where they are; made when the first key is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.private, self.public = self.folder / "signing", self.folder / "signing.pub"
        self.signers = self.folder / SIGNERS

    def make(self, own: Path | None = None) -> bool:
        """Make the key that signs versions, or take the site's own; one that is there stays. Whether it is new.

        Raises
        ------
        BadInputError
            The site's own is no Ed25519 key in OpenSSH's format, or has a passphrase.
        SettingsError
            The site has another key already.
        """
        ed25519 = sshsig.library()
        key = _load(own) if own else ed25519.Ed25519PrivateKey.generate()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        with locked(self.folder / "keys"):
            new = not self.private.exists()
            if own and not new:
                raise SettingsError(
                    f"This site has a key: {self.private}. Move it away first, if it is to be replaced."
                )
            if new:
                self.public.unlink(missing_ok=True)  # of a key that was moved away
                _write_private(self.private, key)
            if not self.public.exists():  # it is written last: a kill in between is made good here
                self._believe_own()
        return new

    def _believe_own(self) -> None:
        raw = _load(self.private).public_key().public_bytes_raw()
        signer = Signer(sshsig.public_blob(raw), f"deepthink@{platform.node()}")
        write_text(self.folder / ".gitignore", "/signing\n")  # a site kept in git must not give its key away
        trust(self.signers, signer)
        write_text(self.public, signer.public + "\n")

    def own(self) -> Signer | None:
        """Return the site's public key; None before it has one."""
        return read_public(self.public.read_text(encoding="utf-8")) if self.public.exists() else None

    def sign(self, folder: Path) -> None:
        """Sign the manifest in a folder; a site without a key makes one now, so that all its versions are signed."""
        self.make()
        if self.private.stat().st_mode & 0o077:
            raise SettingsError(f"{self.private} can be read by others. Run: chmod 600 {self.private}")
        text = sshsig.sign(_load(self.private), (folder / MANIFEST).read_bytes(), NAMESPACE)
        write_text(folder / SIGNATURE, text)


def read_signed(folder: Path, signers: Path, version: str | None = None) -> dict[str, Any]:
    """Return a version's manifest, whose very bytes a trusted key has signed, for this version.

    Parameters
    ----------
    folder : Path
        Holds manifest.yaml and manifest.yaml.sig.
    signers : Path
        An allowed_signers file: whose signatures are believed.
    version : str, optional
        Which version it should be; else the folder's name.

    Raises
    ------
    UntrustedVersionError
        It is not signed, was changed after that, is signed by somebody unknown or for another purpose, or is another
        version's.
    DamagedVersionError
        The manifest is absent or none.
    """
    version = version or folder.name
    signature = _signature(folder, version)
    try:
        content = (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise DamagedVersionError(f"{folder / MANIFEST} cannot be read: {error.strerror}") from None
    try:
        key = sshsig.verify(signature, content, NAMESPACE)
    except ValueError as error:
        raise UntrustedVersionError(
            f"The signature of {version} is refused: {error}. {folder} was damaged or changed after it was signed: "
            "bring it back from a backup, or publish it anew under another name."
        ) from None
    _check_signer(version, key, signers)
    return _check_version(parse_manifest(content, folder / MANIFEST), folder, version)


def _signature(folder: Path, version: str) -> str:
    path = folder / SIGNATURE
    if not path.is_file():
        raise UntrustedVersionError(
            f"{version} is not signed: {folder} holds no {SIGNATURE}. If it is yours, from before versions were "
            f"signed, run: deepthink keys sign {version}, and deploy it anew where it runs."
        )
    with path.open("rb") as file:
        return file.read(LARGEST).decode("ascii", errors="replace")


def _check_signer(version: str, key: bytes, signers: Path) -> None:
    trusted = read_signers(signers)
    if key in {one.key for one in trusted}:
        return
    known = ", ".join(one.fingerprint for one in trusted) or "nobody"
    raise UntrustedVersionError(
        f"{version} is signed by {fingerprint(key)}; {signers} trusts {known}. If you know whose key that is: "
        "deepthink keys trust KEY.pub, and for targets then: deepthink keys send"
    )


def _check_version(manifest: dict[str, Any], folder: Path, version: str) -> dict[str, Any]:
    """Refuse one version put in another's place: its signature is good, and it is still not what was asked for."""
    if str(manifest.get("version")) != version:
        raise UntrustedVersionError(
            f"{folder} should be {version}, but its signed manifest is that of {manifest.get('version')}. Bring it "
            "back from a backup, or publish it anew under another name."
        )
    return manifest


def _load(path: Path) -> Any:
    """Read an Ed25519 private key in OpenSSH's format."""
    ed25519 = sshsig.library()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key

    try:
        key = load_ssh_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise BadInputError(
            f"{path} is no Ed25519 key in OpenSSH's format, or it has a passphrase. With a passphrase, sign versions "
            f"yourself: ssh-keygen -Y sign -f {path} -n {NAMESPACE} registry/VERSION/{MANIFEST}"
        )
    return key


def _write_private(path: Path, key: Any) -> None:
    """Write a private key that nobody else can read at any moment, not even before it has its name."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    beside = path.with_name(f".{path.name}.part")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    flush(path.parent)
