"""Versions are signed, and nothing else is believed; `ssh-keygen` agrees in both directions."""

import re
import shutil
import subprocess
import sys

import pytest

from deepthink.errors import (
    BadInputError,
    DamagedVersionError,
    SettingsError,
    StepError,
    UntrustedVersionError,
)
from deepthink.registry.folder import FolderRegistry
from deepthink.registry.signers import IDENTITY, NAMESPACE, Signer, fingerprint, read_public, read_signers, trust
from deepthink.registry.signing import Keys
from deepthink.registry.sshsig import dearmour, public_blob, sign, verify
from tests.lacking import skip


@pytest.fixture(scope="session")
def ssh_keygen():
    """OpenSSH's own tool; CI has it (Debian: openssh-client)."""
    return shutil.which("ssh-keygen") or skip("ssh-keygen is not installed: apt-get install openssh-client")


@pytest.fixture
def keys(tmp_path):
    return Keys(tmp_path / "site" / "keys")


@pytest.fixture
def registry(tmp_path, keys):
    return FolderRegistry(tmp_path / "site" / "registry", keys)


@pytest.fixture
def source(tmp_path):
    file = tmp_path / "made.npz"
    file.write_bytes(b"numbers")
    return file


@pytest.fixture
def alpha(registry, source):
    return registry.add("alpha", {"recogniser_alpha.npz": source, "note.txt": source}, {"embedder": "x"})


def put(path, content):
    path.chmod(0o644)
    path.write_bytes(content)


def theirs(ssh_keygen, folder, *options):
    """Make an Ed25519 key as people do."""
    made = [ssh_keygen, "-q", "-t", "ed25519", "-N", "", "-C", "ann@home", "-f", str(folder / "theirs"), *options]
    subprocess.run(made, check=True)
    return folder / "theirs"


def signed_by_them(ssh_keygen, key, file, namespace=NAMESPACE):
    subprocess.run([ssh_keygen, "-q", "-Y", "sign", "-f", str(key), "-n", namespace, str(file)], check=True)


def checked_by_them(ssh_keygen, keys, folder):
    words = [ssh_keygen, "-Y", "verify", "-f", keys.signers, "-I", IDENTITY, "-n", NAMESPACE]
    with (folder / "manifest.yaml").open("rb") as manifest:
        return subprocess.run([*words, "-s", folder / "manifest.yaml.sig"], stdin=manifest, capture_output=True)


def test_the_first_version_of_a_site_is_signed_by_a_key_made_for_it(registry, keys, alpha):
    assert registry.get("alpha") == alpha
    assert keys.private.stat().st_mode & 0o777 == 0o600
    assert keys.folder.stat().st_mode & 0o777 == 0o700
    assert (alpha / "manifest.yaml.sig").stat().st_mode & 0o222 == 0


def test_what_we_sign_ssh_keygen_verifies(ssh_keygen, keys, alpha):
    assert checked_by_them(ssh_keygen, keys, alpha).returncode == 0
    put(alpha / "manifest.yaml", (alpha / "manifest.yaml").read_bytes() + b"\n")
    assert checked_by_them(ssh_keygen, keys, alpha).returncode != 0


def test_what_ssh_keygen_signs_we_verify(ssh_keygen, registry, keys, alpha, tmp_path):
    key = theirs(ssh_keygen, tmp_path)
    (alpha / "manifest.yaml.sig").unlink()
    signed_by_them(ssh_keygen, key, alpha / "manifest.yaml")
    with pytest.raises(UntrustedVersionError, match="deepthink keys trust"):
        registry.get("alpha")
    assert trust(keys.signers, read_public(key.with_suffix(".pub").read_text()))
    assert registry.get("alpha") == alpha


def test_our_signature_is_byte_for_byte_ssh_keygens(ssh_keygen, keys, alpha, tmp_path):
    copy = tmp_path / "manifest.yaml"
    shutil.copyfile(alpha / "manifest.yaml", copy)
    signed_by_them(ssh_keygen, keys.private, copy)
    assert copy.with_name("manifest.yaml.sig").read_bytes() == (alpha / "manifest.yaml.sig").read_bytes()


def test_ssh_keygen_reads_our_keys_and_names_them_alike(ssh_keygen, keys):
    keys.make()
    shown = subprocess.run([ssh_keygen, "-l", "-f", keys.public], capture_output=True, text=True, check=True).stdout
    assert keys.own().fingerprint in shown
    derived = subprocess.run([ssh_keygen, "-y", "-f", keys.private], capture_output=True, text=True, check=True).stdout
    assert derived.split()[1] == keys.own().public.split()[1]


def test_a_key_that_ssh_keygen_made_can_be_the_sites_own(ssh_keygen, registry, keys, source, tmp_path):
    key = theirs(ssh_keygen, tmp_path)
    assert keys.make(own=key)
    assert keys.own().key == read_public(key.with_suffix(".pub").read_text()).key
    assert registry.get(registry.add("alpha", {"a": source}, {}).name)
    with pytest.raises(SettingsError, match="Move it away"):
        keys.make(own=key)


@pytest.mark.parametrize("options", [("-N", "a passphrase"), ("-t", "ecdsa")], ids=["passphrase", "ecdsa"])
def test_a_key_that_cannot_sign_here_is_refused_before_anything_is_made(ssh_keygen, keys, tmp_path, options):
    with pytest.raises(BadInputError, match="Ed25519"):
        keys.make(own=theirs(ssh_keygen, tmp_path, *options))
    assert not keys.folder.exists()


def test_a_key_of_another_kind_is_not_trusted(ssh_keygen, keys, tmp_path):
    key = theirs(ssh_keygen, tmp_path, "-t", "ecdsa")
    with pytest.raises(BadInputError, match="ssh-keygen -t ed25519"):
        read_public(key.with_suffix(".pub").read_text())


@pytest.mark.parametrize("name", ["manifest.yaml", "manifest.yaml.sig", "recogniser_alpha.npz"])
def test_one_flipped_bit_anywhere_is_refused(registry, alpha, name):
    whole = (alpha / name).read_bytes()
    every = 1 if name.endswith(".sig") else 9  # of the signature every bit; of the rest one in each byte, or two
    for bit in range(0, 8 * len(whole), every):
        content = bytearray(whole)
        content[bit // 8] ^= 1 << bit % 8
        put(alpha / name, content)
        with pytest.raises(DamagedVersionError):
            registry.get("alpha")
    put(alpha / name, whole)
    assert registry.get("alpha")


@pytest.mark.parametrize("name", ["manifest.yaml", "manifest.yaml.sig", "recogniser_alpha.npz"])
def test_a_truncated_or_longer_file_is_refused(registry, alpha, name):
    whole = (alpha / name).read_bytes()
    for content in [*(whole[:length] for length in range(len(whole))), whole + b"\n", whole + b"\0" * 100_000]:
        put(alpha / name, content)
        with pytest.raises(DamagedVersionError):
            registry.get("alpha")


def test_a_version_signed_by_another_key_is_refused(registry, alpha, tmp_path):
    other = Keys(tmp_path / "other")
    other.sign(alpha)
    with pytest.raises(UntrustedVersionError, match=re.escape(other.own().fingerprint)):
        registry.get("alpha")


def test_a_signature_for_another_purpose_is_refused(ssh_keygen, registry, keys, alpha):
    (alpha / "manifest.yaml.sig").unlink()
    signed_by_them(ssh_keygen, keys.private, alpha / "manifest.yaml", "file")
    with pytest.raises(UntrustedVersionError, match="'file'"):
        registry.get("alpha")


def test_the_signature_of_another_version_is_refused(registry, alpha, source):
    beta = registry.add("beta2", {"recogniser_beta2.npz": source}, {})
    put(alpha / "manifest.yaml.sig", (beta / "manifest.yaml.sig").read_bytes())
    with pytest.raises(UntrustedVersionError):
        registry.get("alpha")


def test_a_whole_version_in_the_place_of_another_is_refused(registry, alpha):
    shutil.copytree(alpha, registry.root / "beta2")
    with pytest.raises(UntrustedVersionError, match="that of alpha"):
        registry.get("beta2")


@pytest.mark.parametrize("name", ["strangers_alpha.hdf5", ".facedata_alpha.hdf5.packed.npz"])
def test_a_file_that_nobody_signed_is_refused(registry, alpha, name):
    (alpha / name).write_bytes(b"added")
    with pytest.raises(DamagedVersionError, match="Take it away"):
        registry.get("alpha")


def test_a_version_from_before_there_was_a_key_is_refused_until_its_owner_signs_it(registry, source):
    FolderRegistry(registry.root).add("alpha", {"a": source}, {})
    registry.add("beta2", {"a": source}, {})
    with pytest.raises(UntrustedVersionError, match="deepthink keys sign alpha"):
        registry.get("alpha")
    registry.sign("alpha")
    assert registry.get("alpha")


def test_a_damaged_version_is_not_signed_and_a_signed_one_not_again(registry, alpha, source):
    with pytest.raises(StepError, match="signature already"):
        registry.sign("alpha")
    (alpha / "manifest.yaml.sig").unlink()
    put(alpha / "note.txt", b"other")
    with pytest.raises(DamagedVersionError):
        registry.sign("alpha")


def test_the_private_key_is_in_no_version_and_not_for_git(registry, keys, alpha):
    secret = keys.private.read_bytes()
    assert not any(secret in path.read_bytes() for path in registry.root.rglob("*") if path.is_file())
    assert (keys.folder / ".gitignore").read_text() == "/signing\n"


def test_a_private_key_that_others_can_read_signs_nothing(registry, keys, alpha, source):
    keys.private.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        registry.add("beta2", {"a": source}, {})
    assert registry.versions() == ["alpha"]


def test_a_key_is_made_once_and_a_making_that_was_killed_is_ended(keys):
    assert keys.make()
    secret = keys.private.read_bytes()
    keys.public.unlink()
    keys.signers.unlink()
    assert not keys.make()
    assert keys.private.read_bytes() == secret
    assert [one.key for one in read_signers(keys.signers)] == [keys.own().key]


def test_whoever_is_no_longer_trusted_is_not_trusted_again_by_signing(registry, keys, alpha, source):
    keys.signers.write_text("# nobody\n")
    registry.add("beta2", {"a": source}, {})
    with pytest.raises(UntrustedVersionError, match="trusts nobody"):
        registry.get("beta2")


def test_trusting_twice_is_trusting_once(keys):
    signer = Signer(public_blob(bytes(range(32))), "garage")
    keys.signers.parent.mkdir(parents=True)
    keys.signers.write_text("# people's own comment, without an end of line")
    assert [trust(keys.signers, signer), trust(keys.signers, signer)] == [True, False]
    assert keys.signers.read_text().startswith("# people's own comment")
    assert read_signers(keys.signers) == [signer]


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
LINES = {
    "ann@home {}": True,
    'deepthink namespaces="git,deepthink-version" {} ann': True,
    'deepthink namespaces="git" {}': False,
    'deepthink cert-authority,namespaces="deepthink-version" {}': False,
    'deepthink valid-before="20200101" {}': False,
    "# deepthink {}": False,
    "{}": False,
    "deepthink {}x": False,
}


@pytest.mark.parametrize(("line", "believed"), LINES.items(), ids=LINES)
def test_a_line_of_allowed_signers_is_believed_only_when_all_of_it_is_understood(tmp_path, line, believed):
    (tmp_path / "allowed_signers").write_text(line.format(KEY) + "\n")
    assert bool(read_signers(tmp_path / "allowed_signers")) == believed


def test_nobody_is_trusted_where_the_file_is_none(tmp_path):
    (tmp_path / "allowed_signers").write_bytes(b"\xff\xfe\0")
    assert read_signers(tmp_path / "allowed_signers") == []
    assert read_signers(tmp_path / "absent") == []


@pytest.mark.parametrize("text", ["", "\n", "\n\n\n", "-----BEGIN SSH SIGNATURE-----\n\n-----END SSH SIGNATURE-----\n"])
def test_what_is_no_signature_is_refused(text):
    with pytest.raises(ValueError, match=r"whole|OpenSSH"):
        verify(text, b"", NAMESPACE)


def test_a_signature_of_the_format_that_we_do_not_write_is_read(keys):
    """Other tools wrap their lines elsewhere."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from deepthink.registry.sshsig import armour

    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    text = armour(dearmour(sign(key, b"message", NAMESPACE)), width=76)
    assert fingerprint(verify(text, b"message", NAMESPACE)).startswith("SHA256:")


WITHOUT = """
import sys
sys.modules["cryptography"] = None
from deepthink.cli.main import main
main(["keys", "make", "--site", sys.argv[1]])
"""


def test_without_the_library_the_error_names_the_extra(tmp_path):
    (tmp_path / "site.yaml").write_text("")
    done = subprocess.run([sys.executable, "-c", WITHOUT, str(tmp_path)], capture_output=True, text=True)
    assert (done.returncode, "deepthink[deploy]" in done.stderr) == (1, True)


def test_the_command_makes_shows_and_trusts(tmp_path):
    (tmp_path / "site.yaml").write_text("")
    run = lambda *words: subprocess.run(
        [sys.executable, "-m", "deepthink", "keys", *words, "--site", str(tmp_path)], capture_output=True, text=True
    )
    assert "no key yet" in run("show").stdout
    assert "Made" in run("make").stdout
    assert "is trusted" in run("trust", KEY + " garage").stdout
    assert "garage" in run("show").stdout
    assert run("trust", str(tmp_path / "site.yaml")).returncode == 1
    assert "sentinel1" in run("send").stdout
    assert (tmp_path / "targets/sentinel1/allowed_signers").read_text().count("ssh-ed25519") == 2
