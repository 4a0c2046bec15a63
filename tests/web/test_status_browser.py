"""The status page in a real browser: it changes by itself, says when it cannot, and can be read by everybody."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from deepthink.flow.pace import Expectation, Teller
from deepthink.flow.requests import waiting
from deepthink.web import live as live_module
from deepthink.web.service import users_of
from deepthink.web.serving import Address
from deepthink.web.status_service import StatusService
from tests.web import living
from tests.web.chromium import opened, started, uncomplaining
from tests.web.chromium import serving as reviewing
from tests.web.conftest import PASSWORD, running
from tests.web.test_browser import PHONE, log_in, press
from tests.web.test_status import HOSTILE

CONTRASTS = Path(__file__).with_name("contrasts.js").read_text()
TAB = """() => {
  const one = document.activeElement;
  one.dataset.seen ||= Math.random();
  return one.closest("main") && one.matches("a, button, summary") ? one.dataset.seen : "";
}"""
TRAIN = """() => fetch("/api/status/train", {
  method: "POST", headers: {"X-CSRF-Token": document.querySelector("meta[name=csrf-token]").content}
}).then((answer) => answer.status)"""
REACHABLE = "all => all.filter((one) => one.offsetParent).length"
REPORT = """<title>before</title><style>p { color: red }</style>
<p>a report<script>document.title = 'after'</script>"""


@pytest.fixture(scope="module")
def browser():
    with started() as found:
        yield found


def serving(site, port=0):
    return running(StatusService(site.settings, Address(port=port), review="http://127.0.0.1:1"))


@pytest.fixture
def served(site, monkeypatch):
    monkeypatch.setattr(live_module, "TICK", 0.2)
    with serving(site) as found:
        yield found


def visit(browser, served, wait="live", path="/status", **how):
    page = opened(browser, served.address + path, **how)
    if wait:
        page.wait_for_selector(f"#link[data-state={wait}]")
    return page


@pytest.fixture
def page(browser, served):
    with uncomplaining(visit(browser, served)) as found:
        yield found


def test_numbers_change_by_themselves_when_files_change(page, site):
    expect(page.locator("#part-runs")).to_contain_text("No run has been made")
    living.ran(site)
    expect(page.locator("#part-runs")).to_contain_text("gamma3")
    living.trends(site)
    expect(page.locator("#part-recognition svg.chart")).to_have_count(1)
    with Teller(site.watch_folder, "r1", "delta4", Expectation([])) as teller:
        tell = teller.telling("train", [], lambda *_: None)
        expect(page.locator("#part-run")).to_contain_text("delta4: train")
        tell(21, 42, "fitting")
        teller._write("train", [], 0.0, (21, 42, "fitting"))
        expect(page.locator("#part-run progress")).to_have_attribute("value", "21")
    expect(page.locator("#part-run")).to_contain_text("None is under way")


def test_what_was_opened_stays_open_and_the_keys_stay_where_they_were(page, site):
    living.trends(site)
    page.locator("#chart-fnir-table summary").focus()
    press(page, "Enter")
    expect(page.locator("#chart-fnir-table table")).to_be_visible()
    found = living.trends(site)
    living.trends(site, weeks=found.weeks[:1])
    expect(page.locator("#chart-fnir-table tbody tr")).to_have_count(1)
    expect(page.locator("#chart-fnir-table table")).to_be_visible()
    assert page.evaluate("document.activeElement.closest('details')?.id") == "chart-fnir-table"


def test_a_lost_connection_is_told_and_taken_up_again(browser, site, monkeypatch):
    monkeypatch.setattr(live_module, "TICK", 0.2)
    with serving(site) as first:
        page = visit(browser, first)
        port = int(first.address.rpartition(":")[2])
    expect(page.locator("#link")).to_contain_text("connection lost: as it stood at ")
    living.ran(site)
    with serving(site, port):
        expect(page.locator("#link")).to_have_text("live", timeout=40_000)
        expect(page.locator("#part-runs")).to_contain_text("gamma3")
    page.context.close()


def test_a_browser_too_many_asks_now_and_then(browser, served, monkeypatch, site):
    monkeypatch.setattr(live_module, "MOST", 0)
    page = visit(browser, served, wait="slow")
    expect(page.locator("#link")).to_have_text("looks now and then")
    living.ran(site)
    expect(page.locator("#part-runs")).to_contain_text("gamma3", timeout=30_000)
    page.context.close()


def test_a_page_that_nobody_sees_asks_for_nothing(page, served):
    assert served.status.live.listeners == 1
    hide = "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true }); "
    page.evaluate(hide + "document.dispatchEvent(new Event('visibilitychange')); }", True)
    page.wait_for_function("() => true")
    for _ in range(100):
        if not served.status.live.listeners:
            break
        page.wait_for_timeout(50)
    assert served.status.live.listeners == 0
    page.evaluate(hide + "document.dispatchEvent(new Event('visibilitychange')); }", False)
    page.wait_for_timeout(500)
    assert served.status.live.listeners == 1


def test_a_training_is_asked_for_with_the_keys_alone(page, site):
    page.locator("#train").focus()
    press(page, "Enter")
    expect(page.locator("#notice")).to_contain_text("Asked for. It begins once deepthink watch runs")
    expect(page.locator("#part-run")).to_contain_text("has asked for one")
    assert len(waiting(site.watch_folder)) == 1
    assert page.evaluate("document.activeElement.id") == "train"


def test_every_control_can_be_reached_by_tab(page, site):
    living.ran(site)
    living.trends(site, alarms=(living.alarm(site),))
    expect(page.locator("#part-drift img")).to_have_count(1)
    wanted = page.eval_on_selector_all("main a, main button, main summary", REACHABLE)
    seen = set()
    for _ in range(60):
        press(page, "Tab")
        seen.add(page.evaluate(TAB))
    assert len(seen - {""}) == wanted


def test_who_may_look_sees_all_and_may_not_train(browser, served, site):
    users_of(site).add("ann", PASSWORD, "look")
    page = visit(browser, served, wait="")
    log_in(page, "ann")
    page.wait_for_selector("#link[data-state=live]")
    assert page.url.endswith("/status")
    expect(page.locator("#part-waits")).to_contain_text("faces wait")
    assert page.locator("#train, #look").count() == 0
    assert page.evaluate(TRAIN) == 403
    assert waiting(site.watch_folder) == []
    page.context.close()


def test_who_has_logged_out_elsewhere_is_led_to_the_login(browser, served, site):
    users_of(site).add("ann", PASSWORD, "look")
    page = visit(browser, served, wait="")
    log_in(page, "ann")
    page.wait_for_selector("#link[data-state=live]")
    other = page.context.new_page()
    other.goto(f"{served.address}/status")
    other.get_by_text("Log out").click()
    expect(page.locator("[name=password]")).to_be_visible()
    assert page.url.endswith("/login?next=%2Fstatus")
    page.context.close()


def test_one_login_opens_both_services_and_logging_out_closes_both(browser, served, site):
    users_of(site).add("ann", PASSWORD, "review")
    with reviewing(site) as review:
        page = visit(browser, served, wait="")
        log_in(page, "ann")
        page.wait_for_selector("#link[data-state=live]")
        desk = page.context.new_page()
        desk.goto(review.address)
        expect(desk.locator("#desk")).to_be_visible()
        desk.get_by_role("link", name="Status").click()
        desk.wait_for_selector("#link[data-state=live]")
        desk.get_by_text("Log out").click()
        expect(page.locator("[name=password]")).to_be_visible()  # the other service's page is led there by itself
        page.context.close()


def test_names_from_outside_run_nothing(page, site):
    living.ran(site, version=HOSTILE, says=HOSTILE)
    found = living.trends(site)
    people = tuple(one.__class__(one.date, HOSTILE, 3) for one in found.people)
    alarm = living.alarm(site, where=HOSTILE, says=HOSTILE, person=True)
    living.trends(site, people=people, alarms=(alarm,))
    expect(page.locator("#part-drift h3")).to_contain_text("<script>")
    page.reload()
    page.wait_for_selector("#link[data-state=live]")
    assert page.locator("main script, main img[src=x]").count() == 0


def test_a_report_is_shown_and_its_scripts_are_not_run(browser, served, site):
    folder = site.registry.root / "gamma3"
    folder.mkdir(parents=True)
    (folder / "report.html").write_text(REPORT)
    living.ran(site)
    page = visit(browser, served)
    page.get_by_role("link", name="Report of gamma3").click()
    expect(page.locator("p")).to_have_text("a report")
    assert page.title() == "before"
    assert page.eval_on_selector("p", "one => getComputedStyle(one).color") == "rgb(255, 0, 0)"
    page.context.close()


def test_on_a_phone_nothing_is_wider_than_it_and_fingers_find_what_they_need(browser, served, site):
    living.ran(site, version="a" * 60, says="x" * 300)
    living.trends(site, alarms=(living.alarm(site, where="w" * 80),))
    page = visit(browser, served, **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    small = "all => all.filter(one => one.getBoundingClientRect().height < 24).map(one => one.textContent)"
    assert page.eval_on_selector_all("main button, main summary, main .go", small) == []
    size = page.eval_on_selector("svg.chart text", "one => one.getBoundingClientRect().height")
    assert size >= 10
    page.locator("#train").tap()
    expect(page.locator("#notice")).to_be_in_viewport()
    page.context.close()
    assert page.complaints == []


@pytest.mark.parametrize("width", [320, 620, 820, 1000, 1400])
def test_on_no_screen_it_is_wider_than_that(browser, served, site, width):
    (site.registry.root / "gamma3").mkdir(parents=True)
    (site.registry.root / "gamma3/report.html").write_text("x")
    living.ran(site, says="x" * 300)
    living.trends(site, alarms=(living.alarm(site),))
    page = visit(browser, served, viewport={"width": width, "height": 800})
    expect(page.locator("#part-runs a")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_stands_out_from_what_lies_below_it(browser, served, site, scheme):
    for outcome in ("deployed", "failed", "waits", "stopped"):
        living.ran(site, run=outcome, outcome=outcome, passed=outcome == "deployed")
    living.trends(site, alarms=(living.alarm(site),))
    page = visit(browser, served, color_scheme=scheme)
    found = page.evaluate(CONTRASTS)
    assert len(found) > 80
    assert [one for one in found if one[1] < one[0]] == []
    page.context.close()


def test_without_scripts_all_of_it_is_there(browser, served, site):
    living.ran(site)
    living.trends(site)
    page = visit(browser, served, wait="", java_script_enabled=False)
    expect(page.locator("#part-runs")).to_contain_text("2026-03-02 03:00:00")
    expect(page.locator("#link")).to_have_text("as it was when the page was loaded")
    page.context.close()
