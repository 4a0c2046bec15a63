"""The review page, served on the loopback, and a real browser that looks at it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator

from playwright.sync_api import Browser, Page, sync_playwright

from deepthink.web.service import Review
from tests.lacking import skip
from tests.web.conftest import running

CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage"]


def need_chromium() -> str:
    """Return Chromium's path."""
    return CHROMIUM or skip("chromium is not installed: apt-get install chromium")


@contextlib.contextmanager
def started() -> Iterator[Browser]:
    """Start a browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=need_chromium(), args=ARGUMENTS)
        yield browser
        browser.close()


@contextlib.contextmanager
def serving(site) -> Iterator[Review]:
    """Serve a site's review page on a port of the loopback."""
    review = Review(site)
    review.desk.study()
    with running(review):
        yield review


def watched(page: Page) -> Page:
    """Keep what the page complains about: an error of a script, or something that its policy forbids."""
    page.complaints = []
    page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.set_default_timeout(20_000)
    return page


def opened(browser: Browser, address: str, **how) -> Page:
    """Open a page in a browser's session of its own."""
    page = watched(browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **how}).new_page())
    page.goto(address)
    return page


@contextlib.contextmanager
def uncomplaining(page: Page) -> Iterator[Page]:
    """Look at a page that must complain of nothing."""
    yield page
    page.context.close()
    assert page.complaints == []


def settled(page: Page) -> None:
    """Wait until the page has done what it was asked for."""
    page.wait_for_selector("html.scripted", state="attached")
    page.wait_for_selector(".desk:not(.busy)")
