"""Checks of what is installed: the libraries, and the kernel that the training notebook runs in."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from typing import TYPE_CHECKING

from deepthink.flow.doctor.finding import Finding, fine, harmful, together
from deepthink.flow.wiring import Site

if TYPE_CHECKING:
    from jupyter_client.manager import KernelManager

KERNEL_SECONDS = 30.0
CODE = "import papermill, deepthink.model.memory"


def libraries(site: Site) -> Finding:
    """Compare Python and the installed libraries with what DeepThink needs for what this site does."""
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    about = metadata.metadata("deepthink")
    needs = [Requirement(line) for line in about.get_all("Requires-Dist") or []]
    found = [one for need in needs if (one := _library(need.name, need, _wanted(need, site)))]
    python = ".".join(map(str, sys.version_info[:3]))
    if python not in SpecifierSet(about["Requires-Python"] or ""):
        found.append(harmful(f"Python {python} is too old", f"install Python {about['Requires-Python']}"))
    return together(found, f"DeepThink {about['Version']}, Python {python}, and all that they need")


def _wanted(need: object, site: Site) -> str | None:
    """Return the extra for which a library is wanted here, empty for everybody's; None when it is not."""
    marker, settings = getattr(need, "marker", None), site.settings
    extras = {"": True, "train": True, "sentinelcam": settings.datasink.feed is not None}
    extras["dlib"] = "dlib" in (settings.detection.detector, "dlib" if settings.embedder == "dlib-bin" else "")
    extras["cluster"] = settings.train.cluster is not None
    return next((e for e, used in extras.items() if used and (not marker or marker.evaluate({"extra": e}))), None)


def _library(name: str, need: object, extra: str | None) -> Finding | None:
    if extra is None:
        return None
    then = f"pip install '{'deepthink' + (f'[{extra}]' if extra else '')}'"
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return harmful(f"{name} is not installed" + (f": no {extra}" if extra else ""), then)
    wanted = getattr(need, "specifier")  # noqa: B009
    return None if wanted.contains(version, prereleases=True) else harmful(f"{name} {version} is not {wanted}", then)


def notebook(site: Site) -> Finding:
    """Start the kernel that the training notebook runs in, and let it load DeepThink."""
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
