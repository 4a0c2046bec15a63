"""Checks of what is installed: the libraries, and the kernel that the training notebook runs in."""

from __future__ import annotations

import importlib.util
import platform
import subprocess
import sys
from importlib import metadata
from typing import TYPE_CHECKING

from deepthink.flow.doctor.finding import Finding, fine, harmful, notice, together
from deepthink.flow.wiring import Site

if TYPE_CHECKING:
    from jupyter_client.manager import KernelManager
    from packaging.requirements import Requirement

KERNEL_SECONDS = 30.0
CODE = "import papermill, deepthink.model.memory"


def libraries(site: Site) -> Finding:
    """Compare Python and the installed libraries with what DeepThink needs for what this site does."""
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    about, used = metadata.metadata("deepthink"), _used(site)
    needs = [Requirement(line) for line in about.get_all("Requires-Dist") or []]
    found = [one for need in needs if (one := _library(need, used))]
    python, system = platform.python_version(), f"{platform.system()} {platform.release()}, {platform.machine()}"
    wanted = str(next(iter(about.get_all("Requires-Python") or [""])))
    if python not in SpecifierSet(wanted):
        found.append(harmful(f"Python {python} is too old", f"install Python {wanted}"))
    if "train" not in used:
        found.append(
            notice("this machine recognises, and cannot train", "pip install 'deepthink[train]', if it should")
        )
    return together(found, f"DeepThink {about['Version']}, Python {python}, and all that they need, on {system}")


def trains() -> bool:
    """Whether something of what training needs is installed; on a node that only recognises nothing of it is."""
    return any(importlib.util.find_spec(name) for name in ("papermill", "sklearn"))


def _used(site: Site) -> list[str]:
    """Return the extras that this site makes use of, "" for what everybody needs."""
    settings = site.settings
    uses = {
        "": True,
        "train": trains(),
        "sentinelcam": settings.datasink.feed is not None,
        "dlib": settings.detection.detector == "dlib" or settings.embedder == "dlib-bin",
        "cluster": settings.train.cluster is not None,
    }
    return [extra for extra, used in uses.items() if used]


def _library(need: Requirement, used: list[str]) -> Finding | None:
    wanted = [extra for extra in used if not need.marker or need.marker.evaluate({"extra": extra})]
    if not wanted:
        return None
    then = f"pip install 'deepthink[{wanted[0]}]'" if wanted[0] else "pip install deepthink"
    try:
        version = metadata.version(need.name)
    except metadata.PackageNotFoundError:
        return harmful(f"{need.name} is not installed", then)
    fits = need.specifier.contains(version, prereleases=True)
    return None if fits else harmful(f"{need.name} {version} is not {need.specifier}", then)


def notebook(site: Site) -> Finding:
    """Start the kernel that the training notebook runs in, and let it load DeepThink."""
    if not trains():
        return fine("none here: this machine recognises, and cannot train")
    from jupyter_client.manager import KernelManager

    from deepthink.flow.notebook import KERNEL

    manager = KernelManager(kernel_name=KERNEL, transport="ipc")
    try:
        wrong = _asked(manager)
    except Exception as error:  # any: it does not start, or dies, or says nothing
        wrong = f"it does not start: {' '.join(str(error).split())}"
    if not wrong:
        return fine("its kernel starts")
    python = manager.kernel_spec.argv[0] if manager.kernel_spec else KERNEL
    return harmful(f"its kernel ({python}): {wrong}", f"{sys.executable} -m ipykernel install --user")


def _asked(manager: KernelManager) -> str:
    """Return what is wrong with a kernel, nothing when it can do what the notebook does first."""
    manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = manager.blocking_client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=KERNEL_SECONDS)
        said = client.execute_interactive(CODE, timeout=KERNEL_SECONDS, output_hook=lambda message: None)["content"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return "" if said["status"] == "ok" else str(said["evalue"])
