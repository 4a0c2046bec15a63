import os
import subprocess
import sys
from pathlib import Path

import pytest

from deepthink import weights
from deepthink.embedding.convert import cached_path, convert, dlib_resnet_onnx, read_checked
from deepthink.errors import WeightsError

SOURCE = Path(__file__).parents[2] / "src"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return cached_path()


def test_the_network_is_converted_once_and_kept(cache):
    model = dlib_resnet_onnx()
    made = cache.stat()
    assert dlib_resnet_onnx() == model == cache.read_bytes()
    kept = cache.stat()
    assert (kept.st_ino, kept.st_mtime_ns) == (made.st_ino, made.st_mtime_ns)


@pytest.mark.parametrize("damage", ["one byte", "truncated", "no digest", "foreign digest"])
def test_a_damaged_file_in_the_cache_is_made_again(cache, damage):
    model = dlib_resnet_onnx()
    digest = cache.with_name(cache.name + ".sha256")
    if damage == "one byte":
        cache.write_bytes(model[:5000] + bytes([model[5000] ^ 1]) + model[5001:])
    elif damage == "truncated":
        cache.write_bytes(model[:-100])
    elif damage == "no digest":
        digest.unlink()
    else:
        digest.write_bytes(b"\xff\xfe")
    assert dlib_resnet_onnx() == model
    assert read_checked(cache) == model


def test_a_cache_that_cannot_be_written_is_done_without(cache):
    cache.parent.parent.mkdir(exist_ok=True)
    cache.parent.write_text("a file where the folder should be")
    assert dlib_resnet_onnx().startswith(b"\x08")


def test_two_processes_may_convert_at_once(cache):
    command = [sys.executable, "-c", "from deepthink.embedding.convert import dlib_resnet_onnx; dlib_resnet_onnx()"]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    both = [subprocess.Popen(command, env=environment) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    assert read_checked(cache) == convert(weights.find("dlib-resnet"))
    assert {path.suffix for path in cache.parent.iterdir()} == {".onnx", ".sha256"}  # no part is left


def test_an_altered_weight_file_is_never_converted(cache, tmp_path, monkeypatch):
    content = bytearray(weights.find("dlib-resnet").read_bytes())
    content[10_000] ^= 1
    (tmp_path / weights.known("dlib-resnet").file).write_bytes(content)
    monkeypatch.setenv("DEEPTHINK_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match="sha256 differs"):
        dlib_resnet_onnx()


def test_a_file_that_is_no_network_is_refused_by_name(tmp_path):
    path = tmp_path / "network.dat"
    path.write_bytes(b"no network at all")
    with pytest.raises(WeightsError, match=r"network\.dat: Not a dlib face network"):
        convert(path)
