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
        """Choose faces by their places: by their likeness, as a range with Shift, or one by one with Space."""
        faces, at = self.page.locator(".faces li").count(), 0
        if len(places) > 2 and places == list(range(places[0], places[-1] + 1)):
            self.go(0, places[0], faces)
            self.press("l")
            settled(self.page)
            if self.chosen() == places:
                return
            self.press("Escape")
            self.page.keyboard.down("Shift")
            self.presses += 1
            self.go(places[0], places[-1], faces)
            self.page.keyboard.up("Shift")
            return
        for place in places:
            self.go(at, place, faces)
            self.press("Space")
            at = place

    def chosen(self) -> list[int]:
        """Return the places of the faces that are chosen."""
        marked = "all => all.map((one, at) => one.getAttribute('aria-selected') === 'true' ? at : -1)"
        return [at for at in self.page.eval_on_selector_all(".faces li", marked) if at >= 0]

    def go(self, at: int, to: int, faces: int) -> None:
        """Go from face to face by the fewest keys."""
        across = self.page.evaluate("import('/static/faces.js').then(faces => faces.columns())")
        steps = {
            "ArrowRight": 1,
            "ArrowLeft": -1,
            "ArrowDown": across,
            "ArrowUp": -across,
            "Home": -faces,
            "End": faces,
        }
        ways: dict[int, list[str]] = {at: []}
        edge = [at]
        while to not in ways:
            for place in edge:
                for key, step in steps.items():
                    ways.setdefault(min(max(place + step, 0), faces - 1), [*ways[place], key])
            edge = [place for place, way in ways.items() if len(way) == max(map(len, ways.values()))]
        for key in ways[to]:
            self.press(key)

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
