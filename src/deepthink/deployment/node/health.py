"""What a machine has, and how what runs on it is doing: looked at for `deepthink doctor`, and never changed."""

from __future__ import annotations

import json
import os
import platform
import pwd
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from deepthink.deployment.node.service import HEALTHY_SECONDS, run
from deepthink.deployment.node.shelf import Shelf

SLOWED = ("passive", "hot", "critical")  # of the kinds of limits; at an "active" one only a fan starts
_LIBRARIES = """
import sys
sys.path[:] = [place for place in sys.path if place]  # a file json.py where we are is not the library
import json, platform
from importlib.metadata import PackageNotFoundError, version
found = {"python": platform.python_version(), "sklearn": None, "deepthink": None, "numpy": None, "trouble": ""}
for name, package in (("sklearn", "scikit-learn"), ("deepthink", "deepthink")):
    try:
        found[name] = version(package)
    except PackageNotFoundError:
        pass
try:
    import numpy
    found["numpy"] = numpy.__version__
except Exception as error:
    found["trouble"] = "%s: %s" % (type(error).__name__, error)
print(json.dumps(found))
"""


def health(shelf: Shelf, python: str = sys.executable, healthy: str = "") -> dict[str, Any]:
    """Return what is found here; the clock is read last, so that it can be compared with the deployer's.

    Parameters
    ----------
    shelf : Shelf
        The folder of versions.
    python : str
        The interpreter that uses them.
    healthy : str
        A command that succeeds when the service does its work.
    """
    folder = standing(shelf.folder)
    return {
        **libraries(python),
        "kernel": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "user": pwd.getpwuid(os.getuid()).pw_name,
        "refused": refused(shelf.folder, shelf.folder / "versions"),
        "read_only": read_only(folder),
        "disk": disk(folder),
        "memory": memory(),
        "heat": heat(),
        "synchronised": synchronised(),
        "current": shelf.current(),
        "pending": shelf.pending(),
        "left": [path.name for path in sorted((shelf.folder / "versions").glob(".*.part"))],
        "service": run(healthy, HEALTHY_SECONDS) if healthy else None,
        "clock": int(said("date", "-u", "+%s") or 0),
    }


def libraries(python: str) -> dict[str, Any]:
    """Return the versions that an interpreter has of itself and of what it loads versions with."""
    try:
        done = subprocess.run([python, "-c", _LIBRARIES], capture_output=True, text=True, timeout=60, check=False)
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    except (OSError, subprocess.TimeoutExpired, ValueError, IndexError) as error:
        crash = f"it ended with {done.returncode}" if "done" in locals() else str(error)  # -4: another processor's code
        return {"python": None, "numpy": None, "sklearn": None, "deepthink": None, "trouble": crash}
    return found


def standing(path: Path) -> Path:
    """Return a path, or the nearest folder above it that is there."""
    return next((folder for folder in (path, *path.absolute().parents) if folder.exists()), Path("/"))


def refused(*paths: Path) -> str:
    """Return the first of some folders in which nothing can be written, or made where it is absent; else nothing."""
    for path in paths:
        folder = standing(path)
        if not os.access(folder, os.W_OK | os.X_OK):
            return str(folder)
    return ""


def read_only(folder: Path) -> bool:
    """Whether a folder's disk is mounted for reading alone, as a failing SD card's is in the end."""
    return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def disk(folder: Path) -> dict[str, int]:
    """Return the bytes that a folder's disk has and has free, and how many files can still be made on it."""
    found, files = shutil.disk_usage(folder), os.statvfs(folder)
    return {"total": found.total, "free": found.free, "files": files.f_favail if files.f_files else 1 << 30}


def memory(source: Path = Path("/proc/meminfo")) -> dict[str, int]:
    """Return the bytes of memory and swap, all and what is left of them; nothing where the system does not say."""
    try:
        lines = [line.split() for line in source.read_text().splitlines()]
        found = {words[0].rstrip(":"): 1024 * int(words[1]) for words in lines if len(words) > 1}
        names = {"total": "MemTotal", "free": "MemAvailable", "swap": "SwapTotal", "swap_free": "SwapFree"}
        has = {name: found[key] for name, key in names.items()}
        limits = {"free": allowed(), "swap_free": allowed("memory.swap")}
        return {**has, **{name: min([has[name], *left]) for name, left in limits.items()}}
    except (OSError, ValueError, KeyError):
        return {}


def allowed(
    what: str = "memory", groups: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")
) -> list[int]:
    """Return the bytes that each limit on us still leaves, a container's or a service's (cgroups, version 2).

    `what` is "memory", or "memory.swap".
    """
    try:
        name = next(line[3:] for line in own.read_text().splitlines() if line.startswith("0::"))
    except (OSError, StopIteration):
        return []
    folder = groups / name.strip("/")
    return [left for one in (folder, *folder.parents) if groups in (one, *one.parents) for left in _left(one, what)]


def _left(group: Path, what: str) -> list[int]:
    """Return what one limit leaves, files that are only cached not counted; nothing where there is none."""
    try:
        limit, used = (int((group / f"{what}.{name}").read_text()) for name in ("max", "current"))
        return [max(0, limit - used + (_cached(group) if what == "memory" else 0))]
    except (OSError, ValueError, IndexError):  # "max": no limit
        return []


def _cached(group: Path) -> int:
    lines = (group / "memory.stat").read_text().splitlines()
    return int(next((line.split()[1] for line in lines if line.startswith("inactive_file ")), 0))


def synchronised() -> bool | None:
    """Whether the clock is kept by the network's time; None where nothing says so."""
    for line in said("timedatectl").splitlines():
        key, _, value = line.partition(":")
        if key.strip().endswith("synchronized"):  # its words differ from one systemd to the next
            return value.strip() == "yes"
    return True if Path("/run/systemd/timesync/synchronized").exists() else None


def heat(zones: Path = Path("/sys/class/thermal")) -> dict[str, float] | None:
    """Return how hot the zone is that is nearest to being slowed down for it, and from where on, in degrees Celsius."""
    found: list[dict[str, float]] = []
    for zone in zones.glob("thermal_zone*"):
        kinds = [kind for kind in zone.glob("trip_point_*_type") if kind.read_text().strip() in SLOWED]
        limits = [_degrees(kind.with_name(kind.name[:-4] + "temp")) for kind in kinds]
        real, now = [limit for limit in limits if limit and limit > 0], _degrees(zone / "temp")
        if now is not None and real:
            found.append({"now": now, "limit": min(real)})
    return max(found, key=lambda one: one["now"] - one["limit"], default=None)


def _degrees(path: Path) -> float | None:
    try:
        return int(path.read_text()) / 1000
    except (OSError, ValueError):
        return None


def said(*command: str, seconds: float = 10) -> str:
    """Return what a command prints; nothing when it is not there, fails, or takes too long."""
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=seconds, check=False,
            env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""
