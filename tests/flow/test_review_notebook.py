"""Recognition results in the notebook: what is read, chosen, drawn and enrolled, in a real kernel too."""

import base64
import csv
import json
import re

import cv2
import numpy as np
import pytest

from deepthink.cli.main import main
from deepthink.curation import review
from deepthink.curation.facelist import Facelist, Status
from deepthink.curation.results import Rule, as_columns, by_person, spread
from deepthink.datasink.base import RECOGNITIONS, Mark
from deepthink.datasink.feed import FeedDatasink
from deepthink.datasink.labels import Label
from deepthink.errors import BadInputError
from deepthink.flow import result_plots
from deepthink.flow.collect import sweep_site
from deepthink.flow.results import enrol_results, result_sheets, review_notebook, site_results
from deepthink.flow.wiring import Site
from deepthink.settings import load
from deepthink.validation.plots import as_svg
from tests.curated import film, quiet, really, site_in
from tests.sentinelcam.site import serving

SURE, FAR, UNSURE, BLURRED = (0.995, 0.4, True), (0.995, 0.65, True), (0.99, 0.4, True), (0.995, 0.4, False)


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """A filmed site whose residents recognition has named, surely or not, and that has been swept."""
    folder = film(tmp_path_factory.mktemp("filmed"))
    site = Site(load(folder))
    people, rows = really(site), Facelist(site.facelist).rows
    who = {row.key: people[number] for number, row in rows.items() if people[number] not in ("stranger", "remove")}
    turn = iter(range(10_000))
    for event in site.events(None):
        marks = site.datasink.marks(event, RECOGNITIONS)
        site.datasink.write(event, RECOGNITIONS, [_named(event, mark, who, turn) for mark in marks])
    site.facelist.unlink()
    (folder / "facelist.hashes.npy").unlink()
    sweep_site(site, None, quiet)
    return folder


def _named(event, mark, who, turn):
    name = next(
        (name for (key, box), name in who.items() if (key.event, key.time, box) == (event.event, mark.time, mark.box)),
        None,
    )
    probability, distance, usable = (SURE, SURE, FAR, UNSURE, BLURRED)[next(turn) % 5] if name else (0.0, 0.8, True)
    label = Label(name or "Unknown", probability, distance, distance - 0.7, usable, 1)
    return Mark(mark.time, mark.objid, str(label), mark.box)


@pytest.fixture
def site(answered, tmp_path):
    return site_in(tmp_path / "site", answered)


def written(site):
    """Return what the datasink's own files say, read by nothing of ours: name, probability, distance, usable."""
    found = []
    for file in sorted((site.settings.root / "datasink/data").rglob(f"*_{RECOGNITIONS}.csv")):
        for row in csv.DictReader(file.open()):
            label = re.fullmatch(r"(\S+): ([\d.]+)% \(([\d.]+)\|(-?[\d.]+)\|([01])\|\d+\)", row["classname"])
            found.append((label[1], float(label[2]) / 100, float(label[3]), label[5] == "1"))
    return found


def sure(site):
    return [one for one in written(site) if one[1] > 0.99 and one[2] < 0.65 and one[3]]


def states(site):
    return {number: (int(row.status), row.name) for number, row in Facelist(site.facelist).rows.items()}


def test_every_result_is_read_and_those_that_are_sure_are_chosen(site):
    results = site_results(site)
    assert sorted((r.label.name, r.label.probability, r.label.distance, r.label.usable) for r in results) == sorted(
        written(site)
    )
    assert sum(as_columns(results, Rule())["chosen"]) == len(sure(site)) > 5
    loose = as_columns(results, Rule(usable=False))["chosen"]
    assert sum(loose) == sum(one[1] > 0.99 and one[2] < 0.65 for one in written(site)) > len(sure(site))


def test_results_come_from_a_feed_as_they_do_from_folders(site):
    with serving(site.settings.root / "datasink") as pump:
        feed = FeedDatasink(pump.address, site.settings.root / "own")
        own = site_results(site)
        site.datasink = feed
        assert site_results(site) == own
        assert len(list(result_sheets(site, own, Rule()))) == len({one[0] for one in sure(site)})
        feed.close()


def test_a_label_that_cannot_be_read_costs_itself_alone(site):
    file = next(iter(sorted((site.settings.root / "datasink/data").rglob(f"*_{RECOGNITIONS}.csv"))))
    before = len(written(site))
    lines = file.read_text().splitlines()
    lines[1] = re.sub(r"\w+: [\d.]+%", "no label %", lines[1])
    file.write_text("\n".join(lines) + "\n")
    assert len(site_results(site)) == before - 1
    assert site.datasink.problems.count == 1


def test_statistics_are_those_of_the_named_and_of_the_unknown(site):
    results = site_results(site)
    named = [one for one in written(site) if one[0] != "Unknown"]
    told = {(one["faces"], one["of"]): one for one in spread(results)}
    assert told["named", "probability"]["count"] == len(named)
    assert told["named", "distance"]["median"] == pytest.approx(np.median([one[2] for one in named]))
    assert told["unknown", "distance"]["most"] == pytest.approx(0.8)
    people = {one["name"]: one for one in by_person(results, Rule())}
    assert {name: one["chosen"] for name, one in people.items() if one["chosen"]} == count(one[0] for one in sure(site))


def count(names):
    names = list(names)
    return {name: names.count(name) for name in set(names)}


def test_a_site_without_results_has_empty_tables_and_plots():
    rule = Rule()
    assert (spread([]), by_person([], rule)) == ([], [])
    for draw in (result_plots.spreads, result_plots.plane, result_plots.distances_by_person):
        assert as_svg(draw([], rule)).startswith("<svg")


def test_sheets_show_those_chosen_by_person_and_the_others_together(site):
    results = site_results(site)
    yes, no = (list(result_sheets(site, results, Rule(), chosen, most=50)) for chosen in (True, False))
    assert {sheet.title: len(sheet.rows) for sheet in yes} == count(one[0] for one in sure(site))
    assert all(results[place].label.name == sheet.title for sheet in yes for place in sheet.rows)
    assert {sheet.title for sheet in no} == {"not chosen"}
    assert sum(len(sheet.rows) for sheet in no) == sum(one[0] != "Unknown" for one in written(site)) - len(sure(site))
    assert len(list(result_sheets(site, results, Rule(), most=1))) == 1


def test_a_dry_run_writes_nothing_and_tells_what_enrolment_then_does(site):
    before, results = site.facelist.read_bytes(), site_results(site)
    dry = enrol_results(site, results, Rule())
    assert site.facelist.read_bytes() == before
    assert not review.history_path(site.facelist).exists()
    done = enrol_results(site, results, Rule(), dry_run=False)
    assert (dry.selected, dry.unlisted, dry.action) == (done.selected, done.unlisted, None)
    assert sum(done.selected.values()) + done.unlisted == len(sure(site))
    selected = [row for row in Facelist(site.facelist).rows.values() if row.status == Status.SELECTED]
    assert count(row.name for row in selected) == done.selected
    assert all(Rule().admits(Label(r.name, r.probability, r.distance, r.margin, True, 1)) for r in selected)
    [action] = review.history(site.facelist)
    assert (action.number, action.verb) == (done.action, "accept")
    assert action.who.endswith(", by rule")
    review.undo(site.facelist)
    assert site.facelist.read_bytes() == before


def test_what_is_enrolled_already_is_not_written_again(site):
    results = site_results(site)
    first = enrol_results(site, results, Rule(), dry_run=False)
    again = enrol_results(site, results, Rule(), dry_run=False)
    assert (again.selected, again.enrolled, again.action) == ({}, sum(first.selected.values()), None)
    assert len(review.history(site.facelist)) == 1


def test_what_somebody_has_decided_otherwise_stands(site):
    results = site_results(site)
    would = enrol_results(site, results, Rule())
    review_rows = [n for n, row in Facelist(site.facelist).rows.items() if Rule().admits(_label(row, results))]
    revoked, renamed, gone, refused, *others = review_rows
    review.revoke(site.facelist, [revoked])
    review.rename(site.facelist, [renamed], "Somebody")
    review.remove(site.facelist, [gone])
    name = Facelist(site.facelist)[refused].name
    review.apply(site.facelist, "not", [], lambda _, row: row, said={"not": name, "rows": [refused]})
    kept = {number: states(site)[number] for number in (revoked, renamed, gone, refused)}
    done = enrol_results(site, results, Rule(), dry_run=False)
    assert {number: states(site)[number] for number in kept} == kept
    assert done.decided == 4
    assert sum(done.selected.values()) == sum(would.selected.values()) - 4 == len(others)


def _label(row, results):
    return next(one.label for one in results if (one.frame, one.box) == row.key)


def test_somebody_who_was_merged_into_another_is_enrolled_as_the_other(site):
    results = site_results(site)
    one, other = sorted({name for name, *_ in sure(site)})[:2]
    review.apply(site.facelist, "merge", [], lambda _, row: row, said={"from": one, "into": other})
    done = enrol_results(site, results, Rule(), dry_run=False)
    assert one not in done.selected
    assert one not in {name for status, name in states(site).values() if status == Status.SELECTED}


def test_faces_that_nobody_swept_are_swept_before_they_are_enrolled(site):
    site.facelist.unlink()
    (site.settings.root / "facelist.hashes.npy").unlink()
    results = site_results(site)
    assert enrol_results(site, results, Rule()).unlisted == len(sure(site))
    assert sum(enrol_results(site, results, Rule(), dry_run=False).selected.values()) > 0


def command(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main(["review", "notebook", *words])
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_the_notebook_runs_in_a_kernel_and_its_page_shows_tables_plots_and_faces(site, capsys):
    before = site.facelist.read_bytes()
    told = json.loads(command(capsys, "--site", str(site.settings.root), "--json"))
    assert (told["results"], told["chosen"]) == (len(written(site)), len(sure(site)))
    assert site.facelist.read_bytes() == before
    cells = json.loads((site.training / "review.ipynb").read_text())["cells"]
    shown = [kind for cell in cells for output in cell.get("outputs", []) for kind in output.get("data", {})]
    people = len({name for name, *_ in sure(site)})
    assert shown.count("image/png") == people + 1
    assert shown.count("image/svg+xml") == 3
    page = (site.training / "review.html").read_text()
    pictures = [base64.b64decode(one) for one in re.findall(r"<img[^>]+src=\"data:image/png;base64,([^\"]+)", page)]
    assert len(pictures) == people + 1
    assert all(cv2.imdecode(np.frombuffer(one, np.uint8), 1).std() > 20 for one in pictures)
    assert page.count("faces of not chosen") == 1  # for those who cannot see it
    assert "Nothing was written" in page


def test_the_notebook_enrols_by_the_filter_that_was_asked_for(site, capsys):
    root = str(site.settings.root)
    told = json.loads(command(capsys, "--site", root, "--proba", "0.98", "--distance", "0.6", "--export", "--json"))
    wanted = [one for one in written(site) if one[1] > 0.98 and one[2] < 0.6 and one[3]]
    assert told["chosen"] == len(wanted) > len(sure(site))
    selected = [name for status, name in states(site).values() if status == Status.SELECTED]
    assert count(selected) == told["selected"]
    assert len(selected) + told["unlisted"] == len(wanted)
    assert [action.number for action in review.history(site.facelist)] == [told["action"]]


def test_a_slip_in_a_day_is_told_before_a_kernel_starts(site):
    with pytest.raises(BadInputError, match="not a day"):
        review_notebook(site, Rule(), ["yesterday"])
    assert not list(site.settings.root.rglob("*.failed.ipynb"))


@pytest.mark.parametrize("words", [["montage"], ["notebook"]])
def test_help_shows_an_example(words, capsys):
    with pytest.raises(SystemExit):
        main(["review", *words, "--help"])
    assert "Examples" in capsys.readouterr().out
