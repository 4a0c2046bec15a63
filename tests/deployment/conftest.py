"""Nodes that are started and stopped with the tests that use them."""

from __future__ import annotations

import pytest

from tests.deployment.nodes import Node, need_sshd, numpy_alone


@pytest.fixture(scope="session")
def thin_python(tmp_path_factory):
    """An interpreter with NumPy alone."""
    return numpy_alone(tmp_path_factory.mktemp("python") / "env")


@pytest.fixture
def node(tmp_path, thin_python):
    """A machine with sshd, whose interpreter has NumPy alone."""
    need_sshd()
    started = Node(tmp_path / "node", thin_python)
    yield started
    started.stop()
