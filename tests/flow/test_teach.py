"""The parameter file of a version, which people write by hand."""

import json

import pytest

from deepthink.errors import SettingsError
from deepthink.flow.teach import read_parameters, train_site
from deepthink.flow.version_files import version_files
from deepthink.flow.wiring import Site
from deepthink.settings import load

WHOLE = "facialembeddings: a.hdf5\nmodelout: m.pickle\nnewbaselines: b.hdf5\n"


@pytest.fixture
def site(tmp_path):
    (tmp_path / "site.yaml").write_text("")
    return Site(load(tmp_path))


@pytest.mark.parametrize("line", ["modelout: other.pickle", "newbaselines: b.hdf5", "hold_out: none.json"])
def test_what_the_next_steps_look_for_cannot_be_moved(site, line):
    files = version_files(site, "alpha")
    own = {"facialembeddings": files.facedata.name, "modelout": files.facemodel.name,
           "newbaselines": files.baselines.name}  # fmt: skip
    key, value = line.split(": ")
    files.parameters.parent.mkdir(parents=True, exist_ok=True)
    files.parameters.write_text(json.dumps({**own, key: value}))
    with pytest.raises(SettingsError, match=f"{key} must be"):
        train_site(site, "alpha", lambda *_: None)
    assert not files.facemodel.exists()


@pytest.mark.parametrize("text", ["- a\n- b\n", "only words", "{", "preset: [", "facialembeddings: a.hdf5\n"])
def test_a_parameter_file_without_the_keys_is_refused(tmp_path, text):
    path = tmp_path / "alpha.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=str(path)):
        read_parameters(path)


def test_keys_of_ones_own_are_handed_on(tmp_path):
    path = tmp_path / "alpha.yaml"
    path.write_text(WHOLE + "preset: wide\n")
    assert read_parameters(path)["preset"] == "wide"
