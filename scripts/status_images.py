"""Draws docs/images/status-*.png: the status page of the demo's site after some weeks of life, in Chromium.

python scripts/status_images.py [A DEMO'S FOLDER]     # which is copied; else the demo is made, in 90 s
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import threading
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

from playwright.sync_api import Browser, Page, sync_playwright
from scipy.stats import beta

from deepthink.curation.facelist import Facelist, Status, editing
from deepthink.files import locked
from deepthink.flow.pace import Expectation, Teller
from deepthink.flow.runs import Ended, note
from deepthink.flow.wiring import Site
from deepthink.learning.trends import Alarm, Day, PersonDay, Share, Trends, Week, write_trends
from deepthink.settings import load
from deepthink.simulate.demo import run_demo
from deepthink.web.service import Review

IMAGES = Path(os.environ.get("IMAGES") or Path(__file__).parents[1] / "docs/images")
DESK = {"viewport": {"width": 1180, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 1500}, "is_mobile": True, "has_touch": True, "color_scheme": "dark"}
CAMERAS = {"porch/cam1": 14, "drive/cam1": 9, "garden/cam2": 5}  # events on an ordinary day
RUNS = [
    ("nothing", "the schedule", "Nothing has changed since the last training.", None, 4.0, None),
    ("deployed", "somebody new: Hugo", "alpha passed, and runs on sentinel1, verified.", True, 1190.0, 3.2),
    ("failed", "the schedule", "beta2 did not pass: 3 of 41 strangers' events were given a name.", False, 1310.0, 3.5),
    ("deployed", "24 faces were accepted", "alpha passed, and runs on sentinel1, verified.", True, 1260.0, 3.4),
]
VERSIONS = {"deployed": "alpha", "failed": "beta2"}
QUIET = lambda *_: contextlib.nullcontext(lambda *_: None)


def live(site: Site) -> None:
    """Let some weeks go by: runs, days, people, weeks, and a camera that was moved."""
    random, today = Random(5), date.today()
    names = sorted({row.name for row in Facelist(site.facelist).having(Status.IN_USE).values()})
    span = [today - timedelta(days=ago) for ago in range(29, -1, -1)]
    days = tuple(_day(random, day, camera, today) for day in span for camera in CAMERAS)
    people = tuple(
        PersonDay(day.isoformat(), name, random.randint(0, 7 - at // 2))
        for day in span
        for at, name in enumerate(names)
    )
    weeks = tuple(_week(random, today - timedelta(weeks=ago)) for ago in range(9, -1, -1))
    alarm = _alarm(site, names[2], today - timedelta(days=3))
    write_trends(site.watch_folder, Trends(_iso(), "alpha", days, people, weeks, (alarm,), 96))
    for at, run in enumerate(RUNS):
        _ran(site, at, *run)
    with editing(site.facelist) as facelist:
        for number in list(facelist)[:46]:
            row = facelist[number]
            facelist[number] = row.changed(status=Status.CANDIDATE, name=row.name if number % 3 else "Unknown")


def _day(random: Random, day: date, camera: str, today: date) -> Day:
    events = random.randint(CAMERAS[camera] // 2, CAMERAS[camera] + 6 * (day.weekday() > 4))
    moved = camera.startswith("garden") and today - day < timedelta(days=4)
    unknown = min(events, random.randint(0, 3) + 4 * moved)
    return Day(day.isoformat(), camera, events, events - unknown + (unknown > 1), unknown)


def _week(random: Random, day: date) -> Week:
    year, week, _ = day.isocalendar()
    missed, mistaken = (random.randint(0, 3), random.randint(28, 60)), (random.randint(0, 1), random.randint(9, 24))
    return Week(f"{year}-W{week:02d}", _share(*missed), _share(*mistaken))


def _share(errors: int, asked: int) -> Share:
    low = float(beta.ppf(0.025, errors, asked - errors + 1)) if errors else 0.0
    return Share(errors, asked, low, float(beta.ppf(0.975, errors + 1, asked - errors)))


def _alarm(site: Site, name: str, since: date) -> Alarm:
    says = "garden/cam2 answers unknown in 38 % of its events, and 9 % did in validation. Has it been moved?"
    listed = [one for one in Facelist(site.facelist).listed() if one.name == name][:6]
    parts = [(*one.frame.split(","), one.box) for one in listed]
    faces = tuple(f"{day}|{event}|{when.replace(' ', 'T')}|({box})" for day, event, when, box in parts)
    return Alarm("garden", "unknown", "garden/cam2", False, says, 0.0004, since.isoformat(), faces)


def _ran(
    site: Site, at: int, outcome: str, why: str, says: str, passed: bool | None, seconds: float, watts: float | None
) -> None:
    began = datetime.now() - timedelta(days=3 * (len(RUNS) - at) - 2, hours=5)
    ended, version = began + timedelta(seconds=seconds), VERSIONS.get(outcome, "")
    times = _iso(began), _iso(ended)
    note(site.training, Ended(f"run{at}", "selected", why, *times, seconds, outcome, says, version, passed, watts))


def _iso(when: datetime | None = None) -> str:
    return (when or datetime.now()).isoformat(timespec="seconds")


def train(site: Site) -> None:
    """Let a training be under way."""
    expected = Expectation([{"step": "train", "seconds": 900}, {"step": "validate", "seconds": 240}])
    tell = Teller(site.watch_folder, "run9", "gamma3", expected).telling("train", ["validate"], lambda *_: None)
    time.sleep(1.1)  # it is told once a second at most
    tell(26, 42, "fitting")


def draw(browser: Browser, address: str) -> None:
    """Draw the page on a desk and on a phone in the dark."""
    for name, how in (("desk", DESK), ("phone", PHONE)):
        page = browser.new_page(**how)
        page.goto(f"{address}/status")
        page.wait_for_selector("#link[data-state=live]")
        page.wait_for_selector("#part-doctor time", timeout=90_000)
        _shoot(page, f"status-{name}.png", name != "phone")
        page.close()


def _shoot(page: Page, name: str, whole: bool) -> None:
    for image in page.locator("#part-drift img").all():
        image.scroll_into_view_if_needed()
    page.wait_for_function("() => [...document.images].every((one) => one.complete)")
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=IMAGES / name, full_page=whole)


def main() -> None:
    """Make a site, let it live, serve it, and draw."""
    os.environ["LOGNAME"] = "ann"  # whose page it is
    chromium = shutil.which("chromium") or sys.exit("chromium is not installed: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder) / "home"
        shutil.copytree(sys.argv[1], home, symlinks=True) if sys.argv[1:] else run_demo(home, 1, 8, QUIET)
        site = Site(load(home))
        live(site)
        train(site)
        review = Review(site)
        serving = threading.Thread(target=review.serve)
        serving.start()
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        try:
            with locked(site.watch_folder / "service"):  # as if the service ran
                draw(browser, review.address)
        finally:
            browser.close()
            review.close()
            serving.join()


if __name__ == "__main__":
    main()
