import hashlib
import os
import shutil
import sys

import pytest

from deepthink import weights
from deepthink.errors import WeightsError

NAME = "dlib-landmarks"
FILE = "shape_predictor_5_face_landmarks.dat"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return an empty folder that is searched first, with an empty cache folder."""
    named = tmp_path / "named"
    named.mkdir()
    monkeypatch.setenv("DEEPTHINK_WEIGHTS", f"{tmp_path / 'absent'}{os.pathsep}{named}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return named


def test_a_package_that_carries_a_file_is_searched_but_never_imported(folder):
    assert weights.find(NAME).name == FILE
    assert "face_recognition_models" not in sys.modules


def test_a_named_folder_comes_before_the_package(folder):
    shutil.copy(weights.find(NAME), folder)
    assert weights.find(NAME) == folder / FILE


def test_the_cache_folder_comes_last(folder, monkeypatch):
    carried = weights.find(NAME)
    weights.cache_folder().mkdir(parents=True)
    shutil.copy(carried, weights.cache_folder())
    assert weights.find(NAME) == carried


@pytest.mark.parametrize("name", [NAME, FILE, FILE.removesuffix(".dat")])
def test_a_file_is_known_by_three_names(name):
    assert weights.known(name).file == FILE


def test_a_truncated_file_is_refused(folder):
    (folder / FILE).write_bytes(weights.find(NAME).read_bytes()[:-1])
    with pytest.raises(WeightsError, match="is not the published"):
        weights.find(NAME)


def test_one_flipped_bit_is_refused_and_the_text_says_what_to_do(folder):
    content = bytearray(weights.find(NAME).read_bytes())
    content[4_000_000] ^= 1
    (folder / FILE).write_bytes(content)
    with pytest.raises(WeightsError, match="Delete it, then run: deepthink weights fetch dlib-landmarks"):
        weights.find(NAME)


def test_a_file_altered_after_it_was_found_right_is_noticed(folder):
    path = folder / FILE
    shutil.copy(weights.find(NAME), path)
    assert weights.find(NAME) == path
    content = bytearray(path.read_bytes())
    content[99] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError):
        weights.find(NAME)


def test_an_absent_file_says_what_to_put_where(folder):
    with pytest.raises(WeightsError) as error:
        weights.find("yunet")
    for part in (
        "face_detection_yunet_2023mar.onnx",
        "MIT",
        "https://",
        str(weights.cache_folder()),
        "DEEPTHINK_WEIGHTS",
    ):
        assert part in str(error.value)


def test_the_non_commercial_landmarks_are_never_loaded(folder):
    for name in ("shape_predictor_68_face_landmarks.dat", "shape_predictor_68_face_landmarks"):
        with pytest.raises(WeightsError, match="non-commercial"):
            weights.find(name)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(WeightsError, match="Known: dlib-resnet, dlib-landmarks, yunet"):
        weights.find("resnet")


def test_status_tells_ready_absent_and_altered_apart(folder):
    (folder / FILE).write_bytes(b"altered")
    states = {each.weights.name: (each.state, each.path) for each in weights.status()}
    assert states["dlib-resnet"][0] == "ready"
    assert states[NAME] == ("altered", folder / FILE)
    assert states["yunet"] == ("absent", None)


def test_a_folder_in_a_files_place_counts_as_absent(folder):
    (folder / "face_detection_yunet_2023mar.onnx").mkdir()
    with pytest.raises(WeightsError, match="not on this machine"):
        weights.find("yunet")


@pytest.mark.parametrize("value", ["", "relative/folder"])
def test_an_unset_or_relative_cache_folder_falls_back_to_home(monkeypatch, tmp_path, value):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", value)
    assert weights.cache_folder() == tmp_path / ".cache" / "deepthink"


def test_every_record_is_complete():
    for each in weights.KNOWN.values():
        assert len(bytes.fromhex(each.sha256)) == hashlib.sha256().digest_size
        assert each.size > 0
        assert all((each.licence, each.purpose, each.source.startswith("https://")))
