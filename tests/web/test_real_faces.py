"""200 faces of real people, filmed as events and reviewed with the keys alone: how many presses that takes."""

import json
import shutil

import numpy as np
import pytest

from deepthink.curation.facelist import Facelist, Status, editing
from deepthink.simulate.cast import Photographed, read_photographs
from deepthink.simulate.plan import Day, Plan
from deepthink.simulate.reviewer import review_by_truth
from tests.curated import decided, film, really, site_in
from tests.web.chromium import serving, settled, started, watched
from tests.web.person import Person

FACES, PRESSES = 200, 80


def plan_of(folder):
    """Plan a day on which each is enrolled from two photographs, and one with two others of each and 24 strangers."""
    photos = read_photographs(folder)
    enrolled = [(Photographed(name, file),) for name, files in photos.residents.items() for file in files[:2]]
    new = [(Photographed(name, file),) for name, files in photos.residents.items() for file in files[7:9]]
    new += [(Photographed(f"Stranger_{n}", file),) for n, file in enumerate(photos.strangers[:24])]
    new = [new[at] for at in np.random.default_rng(1).permutation(len(new))]
    days = (Day("2026-03-02", "enrol", tuple(enrolled)), Day("2026-03-03", "enrol", tuple(new)))
    strangers = frozenset(f"Stranger_{n}" for n in range(24))
    return Plan(days, frozenset(photos.residents), strangers, 1)


@pytest.fixture(scope="module")
def household(faces, yunet_folder, tmp_path_factory):
    """Return a site whose people are enrolled, each from two events, and 200 faces of a new day that wait."""
    folder = tmp_path_factory.mktemp("household")
    (folder / "weights").mkdir()
    for file in yunet_folder.glob("*.onnx"):
        shutil.copy(file, folder / "weights")
    film(folder, plan_of(faces))
    return folder


def test_two_hundred_faces_take_fewer_than_eighty_presses_and_all_labels_are_right(household, tmp_path, capsys):
    site = site_in(tmp_path / "site", household)
    new = {n: row for n, row in Facelist(site.facelist).rows.items() if row.frame.date == "2026-03-03"}
    with editing(site.facelist) as facelist:  # what is more than 200 is out, and so is what is reviewed before
        for number in sorted(new)[FACES:]:
            facelist[number] = facelist[number].changed(status=Status.REMOVE)
        for number in sorted(new)[:FACES]:
            facelist[number] = facelist[number].changed(status=Status.REVOKED)
    review_by_truth(site)
    with editing(site.facelist) as facelist:
        for number in sorted(new)[:FACES]:
            facelist[number] = new[number]
    who = really(site)
    asked = [number for number, said in decided(site).items() if said == ""]
    assert len(asked) == FACES
    with serving(site) as served, started() as browser:
        page = watched(browser.new_page(viewport={"width": 1280, "height": 800}))
        page.goto(served.address)
        settled(page)
        person = Person(page, who)
        person.clear()
        assert page.complaints == []
    said = decided(site)
    wrong = {number: (said[number], who[number]) for number in asked if said[number] != who[number]}
    assert wrong == {}
    with capsys.disabled():
        print(json.dumps({"faces": len(asked), "presses": person.presses, "decisions": person.cards}))
    assert person.presses < PRESSES
