"""Draws docs/images/review-*.png: the review page of a site of people who do not exist, in Chromium."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from deepthink.curation.actions import Order
from deepthink.curation.facelist import Facelist
from deepthink.curation.lanes import Filter
from deepthink.flow.collect import detect_site, recognise_site, sweep_site
from deepthink.flow.wiring import Site
from deepthink.settings import load
from deepthink.simulate.plan import Plan, drawn_plan, simulate
from deepthink.web.service import Review

IMAGES = Path(__file__).parents[1] / "docs/images"
DESK = {"viewport": {"width": 1180, "height": 760}}
PHONE = {"viewport": {"width": 390, "height": 780}, "is_mobile": True, "has_touch": True, "color_scheme": "dark"}
QUIET = lambda *_: None


def film(folder: Path) -> Site:
    """Film two days of six residents and some strangers, and sweep their faces."""
    drawn = drawn_plan(seed=1, residents=6, strangers=10)
    simulate(folder, Plan(drawn.days[:2], drawn.residents, drawn.strangers, drawn.seed))
    site = Site(load(folder))
    detect_site(site, None, False, QUIET)
    recognise_site(site, site.in_production(), None, False, QUIET)
    sweep_site(site, None, QUIET)
    return site


def begin(review: Review) -> None:
    """Name half of the faces of three people, so that the page has something to propose and to count."""
    desk, hand = review.desk, ("queue", Filter())
    for name in ("Ada", "Bela", "Cleo"):
        shown = next(one for at in range(20) if (one := desk.show(hand, at)) and not one.person and len(one.rows) > 7)
        first = shown.card.rows[len(shown.card.rows) // 2 :]
        desk.act(Order("name", {number: shown.stamps[number] for number in first}, name, "unknown", "ann"))
    desk.study()


def shoot(page: Page, name: str) -> None:
    """Keep what the page shows."""
    page.wait_for_load_state("networkidle")
    page.wait_for_selector(".desk:not(.busy)")
    page.wait_for_function("() => [...document.images].every((one) => one.complete)")
    page.screenshot(path=IMAGES / name)


def main() -> None:
    """Film, serve, and draw."""
    os.environ["LOGNAME"] = "ann"  # whose page it is
    chromium = shutil.which("chromium") or sys.exit("chromium is not installed: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        site = film(Path(folder))
        print(len(Facelist(site.facelist)), "faces")
        review = Review(site)
        review.desk.study()
        begin(review)
        serving = threading.Thread(target=review.serve)
        serving.start()
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        try:
            draw(browser, review.address)
        finally:
            browser.close()
            review.close()
            serving.join()


def draw(browser, address: str) -> None:
    """Draw the desk, the whole picture and the phone."""
    page = browser.new_page(**DESK)
    page.goto(address)
    page.wait_for_selector("html.scripted", state="attached")
    while not page.get_attribute("#current", "data-person"):  # to the first card that proposes somebody
        page.keyboard.press("j")
        page.wait_for_timeout(300)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    shoot(page, "review-desk.png")
    page.keyboard.press("f")
    page.wait_for_selector("#likes li")
    shoot(page, "review-frame.png")
    phone = browser.new_page(**PHONE)
    phone.goto(address)
    phone.wait_for_selector("html.scripted", state="attached")
    shoot(phone, "review-phone.png")


if __name__ == "__main__":
    main()
