"""`deepthink weights`, as a person types it."""

import hashlib
import json
import os
import shutil

import pytest

from deepthink import weights
from tests.end_to_end.command import command


@pytest.fixture
def env(tmp_path):
    return {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "DEEPTHINK_WEIGHTS": ""}


def test_list_says_where_each_file_is_and_what_it_may_be_used_for(env):
    listed = {each["name"]: each for each in json.loads(command("weights", "list", "--json", env=env).stdout)}
    assert listed["dlib-resnet"]["state"] == "ready"
    assert listed["yunet"]["state"] == "absent"
    assert listed["mobilefacenet"]["purpose"].startswith("research only")


def test_fetch_from_a_folder_makes_a_file_ready(env, yunet_folder, tmp_path):
    command("weights", "fetch", "yunet", "--from", yunet_folder, env=env)
    assert "ready" in command("weights", "verify", "yunet", env=env).stdout
    command("weights", "fetch", "yunet", "--from", yunet_folder, "--to", tmp_path / "site" / "weights", env=env)
    shutil.rmtree(tmp_path / "cache")
    assert command("weights", "verify", "yunet", env=env, check=False).returncode == 1
    assert "ready" in command("weights", "verify", "yunet", "--site", tmp_path / "site", env=env).stdout


def test_verify_ends_with_1_when_a_file_is_altered(env, tmp_path):
    (tmp_path / "cache" / "deepthink").mkdir(parents=True)
    (tmp_path / "cache" / "deepthink" / weights.known("sface").file).write_bytes(b"altered")
    done = command("weights", "verify", env=env, check=False)
    assert (done.returncode, "altered  sface" in done.stdout) == (1, True)


def test_convert_writes_the_same_network_every_time(env, tmp_path):
    done = [json.loads(command("weights", "convert", "--to", tmp_path / "a.onnx", "--json", env=env).stdout)] * 2
    assert done[0] == done[1]
    assert done[0]["sha256"] == hashlib.sha256((tmp_path / "a.onnx").read_bytes()).hexdigest()


def test_convert_refuses_an_altered_source(env, tmp_path):
    content = bytearray(weights.find("dlib-resnet").read_bytes())
    content[9_000_000] ^= 1
    (tmp_path / "other.dat").write_bytes(content)
    done = command("weights", "convert", "--from", tmp_path / "other.dat", env=env, check=False)
    assert done.returncode == 1
    assert "is not the published" in done.stderr


def test_fetch_without_a_name_says_what_to_name(env):
    done = command("weights", "fetch", env=env, check=False)
    assert done.returncode == 2
    assert "deepthink weights list" in " ".join(done.stderr.split())
