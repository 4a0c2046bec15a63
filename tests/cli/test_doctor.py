"""`deepthink doctor`: the worst first, what to do below each, and an exit code that a timer can read."""

import json

import pytest

from tests.flow.doctor_site import doctor, site

__all__ = ["site"]  # a fixture


def test_a_healthy_site_ends_in_code_0(site):
    done = doctor(site)
    assert done.returncode == 0
    assert "harmful" not in done.stdout
    assert "  sentinel1: version: alpha, whole and signed, answers\n" in done.stdout
    assert "Traceback" not in done.stderr


def test_what_is_harmful_comes_first_with_what_to_do_and_ends_in_code_1(site):
    site.keys.private.chmod(0o644)
    done = doctor(site)
    assert done.returncode == 1
    first = done.stdout.splitlines()[:3]
    key = site.keys.private
    assert first == ["1 harmful", f"  here: keys: others can read {key}", f"      -> chmod 600 {key}"]


def test_a_machine_reads_the_same_as_json(site):
    site.keys.private.chmod(0o644)
    done = doctor(site, "--json")
    assert done.returncode == 1
    first = json.loads(done.stdout)[0]
    assert set(first) == {"name", "where", "harm", "found", "next"}
    assert (first["name"], first["where"], first["harm"]) == ("keys", "here", "harmful")


def test_one_target_alone(site):
    done = doctor(site, "--to", "sentinel1", "--json")
    assert {one["where"] for one in json.loads(done.stdout)} == {"sentinel1"}


@pytest.mark.parametrize("words", [("--to", "cellar"), ("--set", "nonsense")])
def test_what_cannot_be_looked_at_is_said_in_a_line(site, words):
    done = doctor(site, *words)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "cellar" in done.stderr or "sets nothing" in done.stdout


def test_a_folder_that_is_no_site_says_how_to_make_one(site):
    (site.settings.root / "site.yaml").unlink()
    done = doctor(site)
    assert done.returncode == 1
    assert "deepthink init" in done.stdout
