"""Nodes with the libraries that SentinelCam's have: environments of their own, built once a machine and kept."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from filelock import FileLock

from deepthink import weights
from tests.lacking import skip

PYTHON = (3, 11)  # the newest that NumPy 1.24 has wheels for
OLDEST = ("scikit-learn==1.3.2", "numpy==1.24.4", "h5py==3.10.0")
NEWEST = ("scikit-learn==1.6.1", "numpy==1.24.4", "h5py==3.12.1")  # SentinelCam's own pins


def interpreter(pins: tuple[str, ...]) -> Path:
    """Return the Python of an environment that holds exactly these libraries: kept from before, or built now.

    A test is skipped where that cannot be had.
    """
    name = "-".join([f"python{PYTHON[0]}.{PYTHON[1]}", *pins]).replace("==", "")
    home = weights.cache_folder() / "nodes" / name
    home.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{home}.lock"):
        if not _python_in(home).exists():
            _build(home, pins)
    return _python_in(home)


def ask(python: Path, script: Path, *arguments: Path | str) -> Any:
    """Return what a script prints on a node, as JSON; no path and no variable of ours is seen there."""
    command = [str(python), "-I", "-W", "ignore", str(script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _build(home: Path, pins: tuple[str, ...]) -> None:
    beside = home.with_name(home.name + ".part")  # renamed when it is whole: an interrupted build is never used
    for old in (home, beside):
        shutil.rmtree(old, ignore_errors=True)
    _run(_base(), "-m", "venv", str(beside))
    _install(_python_in(beside), pins)
    beside.rename(home)


def _install(python: Path, pins: tuple[str, ...]) -> None:
    """Install wheels: with uv where `make lock` has left it, which is much quicker, else with pip."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv:
        _run(uv, "pip", "install", "--quiet", "--only-binary=:all:", f"--python={python}", *pins)
        return
    options = ("--quiet", "--disable-pip-version-check", "--only-binary=:all:", "--retries=1", "--timeout=15")
    _run(str(python), "-I", "-m", "pip", "install", *options, *pins)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        skip(f"no environment of its own can be built here ({' '.join(command[1:4])} failed): {last}")


def _base() -> str:
    if sys.version_info[:2] == PYTHON:
        return sys.executable
    found = shutil.which(f"python{PYTHON[0]}.{PYTHON[1]}")
    if found is None:
        skip(f"a node needs Python {PYTHON[0]}.{PYTHON[1]}, which is not on this machine: apt-get install python3.11")
    return found


def _python_in(home: Path) -> Path:
    return home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
