"""What the tests of the collection share."""

from __future__ import annotations

import shutil

import pytest

from tests.ansible.machine import bare_debian, need_debian
from tests.ansible.play import COLLECTION


@pytest.fixture(scope="session")
def bare_root(tmp_path_factory):
    """The root of a bare Debian, without a Python."""
    need_debian()
    folder = tmp_path_factory.mktemp("debian") / "root"
    yield bare_debian(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    """DeepThink's source, which nobody works on while tests run."""
    folder = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(COLLECTION.parent / name, folder)
    for name in ("src", "requirements"):
        shutil.copytree(COLLECTION.parent / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder
