"""A small site on which everything is as it should be, and ways to look at it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from deepthink.curation.facelist import Eyes, Row, Status, editing
from deepthink.datasink.base import TRACKING, Event, Mark
from deepthink.datasink.folder import FolderDatasink
from deepthink.flow.doctor.finding import HERE, Harm
from deepthink.flow.wiring import Site
from deepthink.records import Box, FrameKey
from deepthink.settings import load
from tests.deployment.test_local import publish
from tests.lacking import need_root

FINE, NOTICE, HARMFUL, UNKNOWN = Harm.FINE, Harm.NOTICE, Harm.HARMFUL, Harm.UNKNOWN
BOX = Box(1, 2, 30, 40)
POWER = "-dac_override,-dac_read_search"  # root's, with which it writes whatever the permissions say


def healthy(folder: Path, settings: str = "") -> Site:
    """Make a site with an event of now, a row in the facelist, and a signed version that its target runs."""
    folder.mkdir(exist_ok=True)
    (folder / "site.yaml").write_text(settings)
    site = Site(load(folder))
    start = datetime.now() - timedelta(minutes=1)
    event = film(site, start)
    with editing(site.facelist) as rows:
        frame = FrameKey(event.date, event.event, start)
        rows.append(Row(frame, 0, Status.SELECTED, "Ann", 0.9, 0.5, -0.1, BOX, Eyes(), 60.0))
    site.training.mkdir()
    put_out(site, "alpha", 0)
    return site


def film(site: Site, start: datetime) -> Event:
    """Let a camera have seen somebody."""
    sink = FolderDatasink(site.settings.path(site.settings.datasink.data), folder_of_images(site))
    event = Event(start.date().isoformat(), "a" * 32, "alpha5/PiCam3", "alpha5", "PiCam3", start, 640, 480)
    sink.write(event, TRACKING, [Mark(start, "0", "person: 0.9642", BOX)])
    folder_of_images(site).mkdir(parents=True, exist_ok=True)
    return event


def folder_of_images(site: Site) -> Path:
    return site.settings.path(site.settings.datasink.images)


def put_out(site: Site, version: str, seed: int) -> None:
    """Publish a version, and let it be in production and run on the targets that are folders here."""
    made = site.settings.root / f"made {version}"
    made.mkdir()
    publish(site.registry, version, seed, made)
    site.ledger.enter(version, True, 0.9, "")
    site.ledger.promote(version)
    for target in site.targets:
        if target.__class__.__name__ == "LocalTarget":
            target.stage(site.registry.get(version), site.registry.manifest(version))
            target.switch(version)


def of(findings, name, where=HERE):
    """Return the one finding of a check."""
    (found,) = (one for one in findings if (one.name, one.where) == (name, where))
    return found


def without_power(*command: str) -> list[str]:
    """Return a command that is run as one that permissions bind, which root's are not."""
    if os.getuid():
        return list(command)
    return ["setpriv", f"--inh-caps={POWER}", f"--bounding-set={POWER}", *command]


def in_a_machine_where(*mounts: str) -> list[str]:
    """Return the beginning of a command that sees other files, mounted for it alone, than this machine's."""
    need_root("mount")
    return ["unshare", "--mount", "sh", "-ec", f'{"; ".join(mounts)}; exec "$@"', "sh"]


def doctor(site: Site, *words: str, before: list[str] | None = None) -> subprocess.CompletedProcess:
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "deepthink", "doctor", str(site.settings.root), *words]
    return subprocess.run([*(before or []), *command], capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def site(tmp_path):
    return healthy(tmp_path / "site")


def anew(site, *flags):
    """Read the site again, as the next command would."""
    return Site(load(site.settings.root, flags))


def looked_at(site, name, where="here", before=None):
    """Let the command look, as another process, and return one of its findings and its exit code."""
    done = doctor(site, "--json", before=before)
    (found,) = (one for one in json.loads(done.stdout) if (one["name"], one["where"]) == (name, where))
    return found, done.returncode


ROW = (
    "2026-03-02,{n:032x},2026-03-02 08:00:00.{n:06d},0,0,{status},{name},1.0,0.5,-0.1,1,2,30,40,0,0,0,0,0,0,-180.0,60.0"
)


def enrol(site, rows, people=10, status=1):
    header = site.facelist.read_text().splitlines()[0]
    lines = [ROW.format(n=n, status=status, name=f"Person{n % people}") for n in range(rows)]
    site.facelist.write_text("\n".join([header, *lines]) + "\n")
