"""The doctor finds libraries that are absent or too old, and a notebook's kernel that does not start."""

import json
import sys

import pytest

from deepthink.flow.doctor import software
from tests.flow.doctor_site import FINE, HARMFUL, NOTICE, anew, site

__all__ = ["site"]  # a fixture


def installed(folder, name, version, *lines):
    made = folder / f"{name}-{version}.dist-info"
    made.mkdir()
    (made / "METADATA").write_text("\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines]))


@pytest.mark.parametrize(
    ("name", "version", "lines", "says"),
    [
        ("filelock", "1.0", [], "filelock 1.0 is not >=3.16"),
        ("deepthink", "9", ["Requires-Dist: no-such-thing>=1", "Requires-Python: >=3"], "no-such-thing is not"),
        ("deepthink", "9", ["Requires-Python: >=3.99"], "too old"),
        ("deepthink", "9", ["Requires-Dist: papermill>=99; extra == 'train'"], "papermill"),
    ],
)  # fmt: skip
def test_libraries_that_are_absent_or_too_old_are_named(site, tmp_path, monkeypatch, name, version, lines, says):
    monkeypatch.syspath_prepend(str(tmp_path))
    installed(tmp_path, name, version, *lines)
    found = software.libraries(site)
    assert found.harm == HARMFUL
    assert says in found.found


def test_libraries_of_what_a_site_does_not_use_may_be_absent(site, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    installed(tmp_path, "deepthink", "9", "Requires-Dist: no-such-thing; extra == 'cluster'")
    assert software.libraries(site).harm == FINE
    assert software.libraries(anew(site, "train.cluster=tcp://a:1")).harm == HARMFUL


@pytest.mark.parametrize("kernel", [["/no/such/python"], ["false"]])
def test_a_kernel_that_does_not_start_is_harmful(site, tmp_path, monkeypatch, kernel):
    spec = tmp_path / "kernels" / "python3"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(json.dumps({"argv": kernel, "display_name": "mine", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    found = software.notebook(site)
    assert found.harm == HARMFUL
    assert kernel[0] in found.found


def test_a_kernel_without_deepthink_is_harmful(site, tmp_path, monkeypatch):
    (tmp_path / "papermill.py").write_text("raise ImportError('no papermill of ours')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = software.notebook(site)
    assert found.harm == HARMFUL
    assert "no papermill of ours" in found.found


def test_a_node_that_only_recognises_is_told_that_and_nothing_worse(site, monkeypatch):
    for name in ("papermill", "sklearn"):
        monkeypatch.setitem(sys.modules, name, None)  # as where they are not installed
    assert software.libraries(site).harm == NOTICE
    assert software.notebook(site).harm == FINE
