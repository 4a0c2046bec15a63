"""The review page in a real browser: what a person does with keys, a mouse and a finger."""

import pytest
from playwright.sync_api import expect

from deepthink.curation import review
from deepthink.curation.actions import Order
from deepthink.curation.facelist import Facelist
from deepthink.curation.lanes import Filter
from deepthink.web.service import users_of
from tests.curated import decided, really
from tests.web.chromium import opened, serving, settled, started, uncomplaining
from tests.web.conftest import PASSWORD
from tests.web.person import Person

PHONE = {"viewport": {"width": 390, "height": 780}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}


@pytest.fixture(scope="module")
def browser():
    with started() as found:
        yield found


@pytest.fixture
def served(site):
    with serving(site) as found:
        yield found


def visit(browser, served, path="/", **how):
    page = opened(browser, served.address + path, **how)
    if page.locator("#desk").count():
        settled(page)
    return page


@pytest.fixture
def page(browser, served):
    with uncomplaining(visit(browser, served)) as found:
        yield found


def log_in(page, name, password=PASSWORD):
    page.fill("[name=name]", name)
    page.fill("[name=password]", password)
    press(page, "Enter")


def rows(page):
    return [int(row) for row in page.eval_on_selector_all(".faces li", "all => all.map(one => one.dataset.row)")]


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def name(page, text):
    press(page, "r")
    page.wait_for_selector("#name-dialog[open]")
    page.keyboard.type(text)
    press(page, "Enter")


def told(page, words):
    expect(page.locator("#notice")).to_contain_text(words)
    settled(page)


def test_a_whole_queue_is_cleared_by_keyboard_and_all_labels_are_right(page, site):
    who = really(site)
    person = Person(page, who)
    person.clear()
    assert decided(site) == who
    expect(page.locator("h1")).to_have_text("Nothing waits here.")
    assert person.presses < len(who)
    assert page.title().startswith("0 to review")


def test_a_line_drawn_on_the_map_chooses_what_lies_within(page):
    faces = rows(page)
    press(page, "m")
    page.wait_for_selector("#map-dialog[open]")
    spots = page.eval_on_selector_all(
        "#map button",
        "all => all.map(one => { const b = one.getBoundingClientRect(); "
        "return [Number(one.dataset.row), b.left + b.width / 2, b.top + b.height / 2]; })",
    )
    assert {row for row, _, _ in spots} == set(faces)
    first = min(spots, key=lambda one: one[1])
    edge = first[1] + 27
    box = page.locator(".plane").bounding_box()
    left, top, bottom = box["x"] + 10, box["y"] + 10, box["y"] + box["height"] - 10
    corners = [(left, top), (edge, top), (edge, bottom), (left, bottom)]
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in [*corners[1:], corners[0]]:
        page.mouse.move(*corner, steps=4)
    page.mouse.up()
    within = {row for row, x, _ in spots if x < edge}
    assert 0 < len(within) < len(faces)
    expect(page.locator("#map-chosen")).to_have_text(f"{len(within)} of {len(faces)} chosen")
    page.locator("#map-choose").click()
    chosen = page.eval_on_selector_all(
        ".faces li[aria-selected=true]", "all => all.map(one => Number(one.dataset.row))"
    )
    assert set(chosen) == within
    name(page, "Ada")
    told(page, f"{len(within)} face")


def test_the_map_is_worked_by_keys_alone_too(page):
    faces = rows(page)
    press(page, "m")
    page.wait_for_selector("#map-dialog[open]")
    page.locator("#map button").first.focus()
    press(page, "Space")
    expect(page.locator("#map-chosen")).to_have_text(f"1 of {len(faces)} chosen")
    press(page, "Space", "Escape")
    assert page.locator(".faces li[aria-selected=true]").count() == 0


def test_a_group_is_named_and_the_name_is_completed_for_the_next(page, site):
    first = rows(page)
    name(page, "Adelheid")
    told(page, f"{len(first)} faces named Adelheid")
    second = rows(page)
    assert not set(first) & set(second)
    name(page, "ad")
    told(page, f"{len(second)} faces named Adelheid")
    assert {Facelist(site.facelist)[row].name for row in first + second} == {"Adelheid"}


def test_a_name_that_cannot_be_is_refused_in_words_with_one_that_can(page):
    name(page, "<img src=x>")
    expect(page.locator("#name-wrong")).to_contain_text("cannot be used")
    assert page.input_value("#name") == "img_src=x"
    press(page, "Escape")
    page.complaints[:] = [said for said in page.complaints if "400" not in said]


def test_a_range_is_relabelled(page, site):
    whole = rows(page)
    name(page, "Adele")
    told(page, "named Adele")
    page.goto(page.url + "?lane=enrolled")
    settled(page)
    shown = rows(page)
    assert sorted(shown) == sorted(whole)
    press(page, "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight")
    expect(page.locator("#chosen")).to_have_text(f"3 of {len(shown)} chosen")
    name(page, "Bela")
    told(page, "3 faces named Bela")
    names = {row: one.name for row, one in Facelist(site.facelist).rows.items() if row in whole}
    assert [row for row in shown if names[row] == "Bela"] == shown[1:4]


def test_thirty_decisions_are_undone_by_thirty_keys(page, site):
    before = site.facelist.read_bytes()
    for number in range(30):
        page.evaluate("document.getElementById('notice').textContent = ''")
        press(page, "Space", "sx"[number % 2])
        told(page, "1 face said to be")
    assert sum(label != "" for label in decided(site).values()) == 30
    for _ in range(30):
        page.evaluate("document.getElementById('notice').textContent = ''")
        press(page, "z")
        told(page, "Took back")
    assert site.facelist.read_bytes() == before
    press(page, "Shift+Z")
    told(page, "Did again")
    assert sum(label != "" for label in decided(site).values()) == 1


def test_two_browsers_at_once_lose_nothing_and_the_second_is_told(browser, served, page, site):
    other = visit(browser, served)
    same = rows(page)
    assert rows(other) == same
    name(page, "Ada")
    told(page, "named Ada")
    press(other, "s")
    told(other, "Nothing was done")
    assert not set(rows(other)) & set(same)
    assert {Facelist(site.facelist)[row].name for row in same} == {"Ada"}
    mine = rows(other)
    press(other, "s")
    told(other, "said to be a stranger")
    assert all(Facelist(site.facelist)[row].stranger for row in mine)
    assert [said for said in other.complaints if "409" not in said] == []
    other.context.close()


def test_a_lost_connection_is_told_and_so_is_that_nothing_was_saved(page, site):
    before, there = site.facelist.read_bytes(), rows(page)
    page.wait_for_timeout(500)  # until the next card has been fetched
    page.context.set_offline(True)
    press(page, "s")
    expect(page.locator("#notice")).to_contain_text("No connection")
    press(page, "x")  # goes nowhere
    page.context.set_offline(False)
    told(page, "was not saved: decide again")
    assert rows(page) == there
    assert site.facelist.read_bytes() == before
    press(page, "s")
    told(page, "said to be a stranger")
    page.complaints[:] = [said for said in page.complaints if "INTERNET_DISCONNECTED" not in said]


def test_a_wrong_password_is_told_and_the_right_one_leads_to_where_one_was_going(browser, served, site):
    users_of(site).add("ann", PASSWORD, "review")
    page = visit(browser, served, "/?lane=unknown")
    log_in(page, "ann", "wrong password")
    expect(page.locator("[role=alert]")).to_have_text("Name or password is wrong.")
    log_in(page, "ann")
    page.wait_for_selector("#desk")
    assert page.url.endswith("/?lane=unknown")
    page.click("text=Log out")
    page.wait_for_selector("[name=password]")
    page.go_back()
    page.wait_for_selector("[name=password]")  # nothing of the desk was kept
    page.context.close()


def test_a_session_that_has_ended_leads_to_the_login(browser, served, site):
    users_of(site).add("ann", PASSWORD, "review")
    page = visit(browser, served)
    log_in(page, "ann")
    page.wait_for_selector("#desk")
    settled(page)
    users_of(site).add("ann", "another password", "review")
    press(page, "s")
    page.wait_for_selector("[name=password]")
    page.context.close()


def test_on_a_phone_everything_is_within_reach_of_a_finger(browser, served, site):
    page = visit(browser, served, **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    small = page.evaluate(
        "[...document.querySelectorAll('button, select, .lanes a')].filter(one => one.offsetParent)"
        ".filter(one => one.getBoundingClientRect().height < 38).map(one => one.textContent)"
    )
    assert small == []
    there = rows(page)
    page.locator(".faces li").nth(0).tap()
    page.locator("[data-do=range]").tap()
    page.locator(".faces li").nth(2).tap()
    expect(page.locator("#chosen")).to_have_text(f"3 of {len(there)} chosen")
    page.locator("[data-do=stranger]").tap()
    told(page, "3 faces said to be a stranger")
    assert all(Facelist(site.facelist)[row].stranger for row in there[:3])
    page.locator("[data-do=undo]").tap()
    told(page, "Took back")
    assert set(decided(site).values()) == {""}
    page.context.close()
    assert page.complaints == []


def test_a_long_press_looks_at_a_face(browser, served):
    page = visit(browser, served, **PHONE)
    page.locator(".faces li").nth(1).dispatch_event("pointerdown", {"pointerType": "touch"})
    page.wait_for_selector("#frame-dialog[open]")
    page.context.close()


def test_the_whole_frame_is_shown_with_its_box_and_its_neighbours(page, served):
    first = rows(page)[0]
    press(page, "f")
    page.wait_for_selector("#frame-dialog[open]")
    box = served.desk.row(first).box
    own = page.locator("#boxes rect.own")
    expect(own).to_have_attribute("x", str(box.x1))
    place = page.text_content("#frame-place")
    press(page, "ArrowLeft" if place.startswith("4") else "ArrowRight")
    expect(page.locator("#frame-place")).not_to_have_text(place)
    expect(own).to_have_count(0)
    press(page, "Escape")
    expect(page.locator("#frame-dialog")).not_to_be_visible()


def test_everything_goes_by_mouse_too(page, site):
    there = rows(page)
    page.locator(".faces li").nth(0).click()
    page.locator(".faces li").nth(1).click()
    page.click("[data-do=remove]")
    told(page, "2 faces said to be no face")
    page.click("[data-do=name]")
    page.fill("#name", "Ada")
    page.click("#names li")
    told(page, f"{len(there) - 2} faces named Ada")
    page.click("text=People")
    expect(page.locator("tbody th")).to_have_text("Ada")
    page.click("text=History")
    page.wait_for_selector("html.scripted", state="attached")
    page.locator("text=Undo").nth(1).click()
    expect(page.locator("tr.gone")).to_have_count(1)
    assert decided(site)[there[0]] == ""


def test_the_help_sheet_lists_the_keys_and_keys_mean_nothing_behind_a_dialog(page, site):
    before = site.facelist.read_bytes()
    press(page, "?")
    expect(page.locator("#keys")).to_contain_text("never proposed again")
    press(page, "s", "x", "z")
    press(page, "Escape")
    assert site.facelist.read_bytes() == before


def test_who_may_only_look_is_told(browser, served, site):
    users_of(site).add("guest", PASSWORD, "look")
    page = visit(browser, served)
    log_in(page, "guest")
    page.wait_for_selector("#desk")
    settled(page)
    before = site.facelist.read_bytes()
    press(page, "s")
    told(page, "You may look, not decide.")
    assert site.facelist.read_bytes() == before
    page.context.close()


CONTRAST = """
() => {
  const channel = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const below = (one) => {
    for (; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return parse(getComputedStyle(document.body).backgroundColor);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const weak = [];
  while (texts.nextNode()) {
    const one = texts.currentNode.parentElement;
    const unseen = !one.getClientRects().length || one.closest('template, script');
    if (unseen || !texts.currentNode.textContent.trim()) continue;
    const [a, b] = [light(parse(getComputedStyle(one).color)), light(below(one))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) weak.push(`${texts.currentNode.textContent.trim()}: ${ratio.toFixed(2)}`);
  }
  return weak;
}
"""
NAMELESS = """
() => [...document.querySelectorAll('button, a, input, select, img, progress, dialog, nav, ul[role]')]
  .filter((one) => one.type !== 'hidden')
  .filter((one) => !(one.textContent.trim() || one.getAttribute('aria-label') || one.getAttribute('aria-labelledby')
    || one.alt || one.closest('label')))
  .map((one) => one.outerHTML.slice(0, 90))
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/people", "/history"])
def test_text_stands_out_and_everything_has_a_name(browser, served, scheme, path):
    desk = served.desk
    shown = desk.show(("queue", Filter()))
    for verb, given in (("name", "Ada"), ("stranger", "")):
        row = min(shown.rows) if verb == "name" else max(shown.rows)
        desk.act(Order(verb, {row: review.stamp_of(desk.row(row))}, given, "unknown", "ann"))
    page = visit(browser, served, path, color_scheme=scheme)
    if path == "/":
        press(page, "Space", "?")
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate("document.documentElement.lang") == "en"
    ids = page.eval_on_selector_all("[id]", "all => all.map(one => one.id)")
    assert len(ids) == len(set(ids))
    page.context.close()
