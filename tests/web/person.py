"""Somebody who knows everybody, and reviews with the keys alone: what they press is counted."""

from __future__ import annotations

from collections import Counter

from playwright.sync_api import Page

from tests.web.chromium import settled

DECIDE = {"stranger": "s", "remove": "x"}


class Person:
    """Looks at the card, and presses what is fewest keys.

    Parameters
    ----------
    page : Page
    who : mapping of int to str
        Whom each row shows: a name, "stranger", or "remove" where there is nobody.
    """

    def __init__(self, page: Page, who: dict[int, str]) -> None:
        self.page, self.who = page, who
        self.presses = 0
        self.cards = 0

    def press(self, key: str) -> None:
        """Press one key."""
        self.page.keyboard.press(key)
        self.presses += 1

    def clear(self) -> None:
        """Decide about one card after the other until nothing waits."""
        while rows := self.rows():
            self.decide(rows)
            self.cards += 1

    def rows(self) -> list[int]:
        """Return the faces of the card."""
        settled(self.page)
        return [
            int(row) for row in self.page.eval_on_selector_all(".faces li", "all => all.map(one => one.dataset.row)")
        ]

    def decide(self, rows: list[int]) -> None:
        """Decide about the card, or first about those of its faces that are not like most."""
        there = Counter(self.who[row] for row in rows)
        fewest = min(there, key=lambda label: (there[label], label))
        if len(there) > 1:
            self.choose([at for at, row in enumerate(rows) if self.who[row] == fewest])
        self.say(fewest, whole=len(there) == 1)
        self.page.wait_for_function("before => document.getElementById('notice').textContent !== before", arg="")
        settled(self.page)

    def choose(self, places: list[int]) -> None:
        """Choose faces by their places: a range with Shift, single ones with Space."""
        at = 0
        if len(places) > 2 and places == list(range(places[0], places[-1] + 1)):
            self.go(at, places[0])
            self.page.keyboard.down("Shift")
            self.presses += 1
            self.go(places[0], places[-1])
            self.page.keyboard.up("Shift")
            return
        for place in places:
            self.go(at, place)
            self.press("Space")
            at = place

    def go(self, at: int, to: int) -> None:
        """Go from face to face, by rows of them where that is nearer."""
        across = self.page.evaluate("import('/static/faces.js').then(faces => faces.columns())")
        down, rest = divmod(to - at, across)
        for _ in range(down):
            self.press("ArrowDown")
        for _ in range(rest):
            self.press("ArrowRight")

    def say(self, label: str, whole: bool) -> None:
        """Say who it is."""
        card = self.page.locator("#current")
        self.page.evaluate("document.getElementById('notice').textContent = ''")
        if label in DECIDE:
            self.press(DECIDE[label])
            return
        near = self.page.eval_on_selector_all(".near button", "all => all.map(one => one.dataset.name)")
        if card.get_attribute("data-person") == label:
            self.press("Enter")
        elif label in near:
            self.press(str(near.index(label) + 1))
        else:
            self.type(label)

    def type(self, name: str) -> None:
        """Type a name, only as much of it as is needed."""
        self.press("r")
        self.page.wait_for_selector("#name-dialog[open]")
        for letter in name:
            self.press(letter)
            first = self.page.locator("#names li[aria-selected=true]")
            if first.count() and first.text_content() == name:
                break
        self.press("Enter")
