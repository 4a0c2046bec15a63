"""`deepthink import`, as a person types it."""

import json
import shutil

import pytest

from deepthink.cli.main import main
from deepthink.curation.facelist import Facelist
from tests.curation.sources.servers import KEY, CompreFaceAnswers, serving
from tests.flow.elsewhere import ANN, BOB, people_folder, photographs, site_at


@pytest.fixture
def site(tmp_path):
    return site_at(tmp_path / "site")


def run(site, capsys, *words):
    code = 0
    try:
        main(["import", "--site", str(site.settings.root), *map(str, words)])
    except SystemExit as ended:
        code = ended.code
    told = capsys.readouterr()
    return code or 0, told.out, told.err


def test_each_person_has_a_line_and_the_next_command_is_said(site, tmp_path, faces, capsys):
    theirs = people_folder(tmp_path / "theirs", faces)
    (theirs / "Ann").rename(theirs / "Ann Lee")
    (theirs / "Bob/torn.jpg").write_text("none")
    code, out, _ = run(site, capsys, theirs)
    assert code == 0
    assert "  Ann_Lee  3 selected\n" in out
    assert "  Bob      3 selected; passed over: 1 not a JPEG, PNG or WebP picture\n" in out
    assert "  'Ann Lee' is called Ann_Lee here\n6 pictures imported.\nNext: deepthink embed" in out
    assert "deepthink review undo" in out


def test_a_dry_run_and_json_tell_what_would_come(site, tmp_path, faces, capsys):
    theirs = people_folder(tmp_path / "theirs", faces)
    code, out, _ = run(site, capsys, theirs, "--dry-run")
    assert (code, out.endswith("6 pictures would be imported; nothing was changed.\n")) == (0, True)
    assert not site.facelist.exists()
    (report,) = json.loads(run(site, capsys, theirs, "--json", "--review")[1])
    assert (report["kind"], report["taken"], report["dry_run"]) == ("people", 6, False)
    assert report["people"]["Ann"] == {"selected": 0, "candidate": 3, "stranger": 0, "passed": {}}


def test_several_sources_are_imported_one_after_the_other(site, tmp_path, faces, capsys):
    first = people_folder(tmp_path / "theirs", faces)
    shutil.copytree(first / "Bob", tmp_path / "others/Bob")
    _, out, _ = run(site, capsys, first, tmp_path / "others")
    assert "6 pictures imported." in out
    assert "  Bob  none; passed over: 3 imported before\n0 pictures imported.\n" in out


def test_a_server_that_stops_is_said_with_what_to_do_and_without_the_key(site, faces, tmp_path, capsys):
    examples = [("Ann", path) for path in photographs(faces, ANN)]
    answers = CompreFaceAnswers([*examples, ("Bob", photographs(faces, BOB)[0])])
    (tmp_path / "key").write_text(f"{KEY}\n")
    last = f"/api/v1/recognition/faces/{answers.examples[3][0]}/img"
    answers.paths[last] = 401  # the key is withdrawn meanwhile
    with serving(answers) as address:
        code, out, err = run(site, capsys, address, "--kind", "compreface", "--key-file", tmp_path / "key")
    assert code == 1
    assert "run again to go on" in err
    assert KEY not in out + err
    assert len(Facelist(site.facelist)) == 3


@pytest.mark.parametrize(
    ("words", "why"),
    [(["/nowhere"], "is not a folder"), (["http://127.0.0.1:9"], "wants a key"), ([".", "--kind", "x"], "Known")],
)
def test_what_cannot_be_imported_is_one_line(words, why, site, capsys, monkeypatch):
    monkeypatch.delenv("DEEPTHINK_IMPORT_KEY", raising=False)
    code, _, err = run(site, capsys, *words)
    assert (code, err.count("\n")) == (1, 1)
    assert why in err
