"""What becomes of a test that a machine cannot do: the one place in the tests that skips any."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def skip(why: str) -> NoReturn:
    """Skip a test on a person's machine; in CI it fails instead: a skip there would hide that nothing was tried.

    Parameters
    ----------
    why : str
        What is lacking, and how to come by it.
    """
    assert "CI" not in os.environ, f"CI must be able to do every test: {why}"
    pytest.skip(why)


def need_root(what: str) -> None:
    """Skip a test that mounts something, or makes a machine, for whoever is not root."""
    if os.getuid():
        skip(f"only root can {what}: sudo make test")
