"""Fetch uv for another machine from the package registry that pip is set up with, and take its program out."""

import subprocess
import sys
import zipfile
from pathlib import Path

PLATFORMS = {
    "aarch64": ("manylinux2014_aarch64", "manylinux_2_28_aarch64"),
    "x86_64": ("manylinux2014_x86_64",),
    "armv7l": ("manylinux2014_armv7l",),
}


def fetch(locked: str, machine: str, folder: Path) -> Path:
    """Return the program, in the folder; pip compares the locked hash."""
    if machine not in PLATFORMS:
        sys.exit(f"There is no uv for {machine} here. Set deepthink_uv to one that runs there.")
    platforms = [word for name in PLATFORMS[machine] for word in ("--platform", name)]
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"),
        *(*platforms, "--dest", str(folder), "-r", locked),
    ]
    subprocess.run(command, check=True, stdout=sys.stderr)
    (wheel,) = folder.glob("uv-*.whl")
    with zipfile.ZipFile(wheel) as opened:
        (name,) = (name for name in opened.namelist() if name.endswith(".data/scripts/uv"))
        (folder / "uv").write_bytes(opened.read(name))
    (folder / "uv").chmod(0o755)
    return folder / "uv"


print(fetch(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
