"""Build DeepThink's wheel from a source tree, or take a wheel as it is; the same tree gives the same bytes."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

EPOCH = "315532800"  # 1980, the earliest time that a zip file can hold
NO_SOURCE = shutil.ignore_patterns("__pycache__", "*.egg-info", "*.pyc")


def wheel(source: Path, folder: Path) -> Path:
    """Return a wheel in the folder."""
    if source.suffix == ".whl":
        return Path(shutil.copy(source, folder))
    with tempfile.TemporaryDirectory() as beside:  # built in the tree, what was removed from it would still be packed
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(source / name, beside)
        shutil.copytree(source / "src", Path(beside) / "src", ignore=NO_SOURCE)
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), beside]
        subprocess.run(command, check=True, stdout=sys.stderr, env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH})
    (made,) = folder.glob("*.whl")
    return made


print(wheel(Path(sys.argv[1]), Path(sys.argv[2])))
