"""The doctor finds what is wrong with a site's folders, keys and locks, and what killed commands left."""

import os
import signal
import subprocess
import sys

import pytest

from deepthink.files import locked
from deepthink.flow.doctor import place
from tests.flow.doctor_site import FINE, HARMFUL, NOTICE, anew, in_a_machine_where, looked_at, site, without_power

__all__ = ["site"]  # a fixture


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ("datasink: {images: away}", "datasink.images"),
        ("embedder: mine.yaml", "embedder"),
        ("validation: {truth: truth.csv}", "validation.truth"),
        ("targets: [{name: porch, kind: ssh, host: porch.lan, folder: x, key: keys/door}]", "targets: porch: key"),
    ],
)
def test_what_the_settings_name_and_is_not_there_is_named(site, settings, says):
    (site.settings.root / "site.yaml").write_text(settings)
    found = place.paths(anew(site))
    assert found.harm == HARMFUL
    assert says in found.found


def test_a_folder_that_may_not_be_written_is_named_with_what_to_do(site):
    assert looked_at(site, "permissions", before=without_power())[0]["harm"] == "fine"
    site.training.chmod(0o500)
    found, code = looked_at(site, "permissions", before=without_power())
    site.training.chmod(0o755)
    assert (found["harm"], code) == ("harmful", 1)
    assert str(site.training) in found["found"]
    assert found["next"].startswith("sudo chown -R")


def test_a_lock_that_root_left_is_found(site):
    with locked(site.facelist):
        pass
    lock = site.facelist.with_name(".facelist.csv.lock")
    lock.touch()
    lock.chmod(0o400)
    found, _ = looked_at(site, "permissions", before=without_power())
    assert found["harm"] == "harmful"
    assert ".facelist.csv.lock" in found["found"]


def test_a_disk_that_is_mounted_read_only_is_called_that(site):
    before = in_a_machine_where(f"mount -t tmpfs -o ro none '{site.training}'")
    found, code = looked_at(site, "permissions", before=before)
    assert (found["harm"], code) == ("harmful", 1)
    assert "mounted read-only" in found["found"]
    assert "SD card" in found["next"]


def test_keys_that_others_can_read_are_harmful(site):
    assert place.keys(site).harm == FINE
    site.keys.private.chmod(0o644)
    found = place.keys(site)
    assert (found.harm, found.next) == (HARMFUL, f"chmod 600 {site.keys.private}")


def test_a_login_key_that_ssh_would_refuse_is_harmful(site):
    (site.settings.root / "door").write_text("a key")
    (site.settings.root / "door").chmod(0o644)
    (site.settings.root / "site.yaml").write_text(
        "targets: [{name: porch, kind: ssh, host: porch.lan, folder: x, key: door}]"
    )
    assert "door" in place.keys(anew(site)).found
    (site.settings.root / "door").chmod(0o600)
    assert place.keys(anew(site)).harm == FINE


def test_a_site_that_does_not_trust_itself_is_told_how(site):
    site.keys.signers.write_text("")
    found = place.keys(site)
    assert (found.harm, found.next) == (HARMFUL, f"deepthink keys trust {site.keys.public}")


def test_a_lost_private_key_is_noticed(site):
    site.keys.private.unlink()
    assert place.keys(site).harm == NOTICE


HOLDS = "import sys, time; from pathlib import Path; from deepthink.files import locked\n"
HOLDS += "with locked(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"


def test_who_holds_a_lock_is_named_and_a_suspended_process_is_harmful(site):
    holder = subprocess.Popen([sys.executable, "-c", HOLDS, str(site.facelist)], stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == b"held\n"
        found = place.locks(site)
        assert found.harm == NOTICE
        assert f"facelist.csv is in use by process {holder.pid}" in found.found
        holder.send_signal(signal.SIGSTOP)
        os.waitpid(holder.pid, os.WUNTRACED)
        found = place.locks(site)
        assert (found.harm, f"kill -CONT {holder.pid}" in found.next) == (HARMFUL, True)
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    assert place.locks(site).harm == FINE


def test_what_killed_commands_left_is_found_once_nobody_can_be_at_it(site):
    left = site.registry.root / ".beta2.x.part"
    left.mkdir()
    assert place.leftovers(site).harm == FINE  # a publication may be at it
    os.utime(left, times=(0, 0))
    found = place.leftovers(site)
    assert found.harm == NOTICE
    assert str(left) in found.found
    assert "publish" in found.next


def test_a_deletion_that_was_cut_off_is_found(site):
    (day,) = site.settings.path(site.settings.datasink.data).iterdir()
    (day / f".{'b' * 32}.deleting").touch()
    found = place.leftovers(site)
    assert (found.harm, found.next) == (NOTICE, "deepthink retain")
