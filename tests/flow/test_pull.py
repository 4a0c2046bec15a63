"""What an unmodified sentinel has curated, taken over: merged, checked, over ssh and from a folder."""

import json
from datetime import datetime, timedelta

import numpy as np
import pytest

from deepthink.curation.facelist import Eyes, Facelist, Row, Status, editing
from deepthink.embedding import facedata
from deepthink.errors import BadInputError, SettingsError, StepError
from deepthink.flow import fetch as fetching
from deepthink.flow.pull import pull_site
from deepthink.flow.wiring import Site
from deepthink.records import Box, FrameKey
from deepthink.settings import load
from tests.deployment.conftest import node, thin_python

__all__ = ["node", "thin_python"]  # fixtures
START = datetime(2026, 3, 2, 8, 0, 0, 500000)


def row(number, name, status=Status.IN_USE):
    frame = FrameKey("2026-03-02", f"e{number:031x}", START + timedelta(minutes=number))
    since = "2026-03-04" if status == Status.IN_USE else ""
    return Row(frame, 0, status, name, 0.999, 0.4, -0.1, Box(10, 10, 120, 120), Eyes(), 50.0, since)


def write(path, *rows):
    path.unlink(missing_ok=True)
    with editing(path) as facelist:
        for one in rows:
            facelist.append(one)


def names(site):
    return {row.frame.event[-1]: (row.name, row.status) for row in Facelist(site.facelist).rows.values()}


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "BETWEEN", 0.01)
    return make(tmp_path, facelist="theirs.csv")


def make(folder, **pull):
    (folder / "site.yaml").write_text(json.dumps({"watch": {"pull": pull}}))
    return Site(load(folder))


def test_rows_in_use_there_are_selected_here_and_nothing_is_taken_twice(site):
    theirs = site.settings.root / "theirs.csv"
    write(theirs, row(1, "Ann"), row(2, "Bob", Status.CANDIDATE))
    assert pull_site(site)["changed"]
    assert names(site) == {"1": ("Ann", Status.SELECTED), "2": ("Bob", Status.CANDIDATE)}
    assert not pull_site(site)["changed"]


def test_what_was_changed_here_stays_and_the_rest_follows_the_sentinel(site):
    theirs = site.settings.root / "theirs.csv"
    write(theirs, row(1, "Ann"), row(2, "Ann"), row(3, "Ann"))
    pull_site(site)
    with editing(site.facelist) as ours:
        ours[1] = ours[1].changed(name="Carl")
        ours[2] = ours[2].changed(status=Status.IN_USE, in_use_since="2026-03-05")
    write(theirs, row(1, "Bob"), row(2, "Ann"), row(3, "Bob"), row(4, "Dan"))
    said = pull_site(site)["says"]
    assert names(site) == {
        "1": ("Carl", Status.SELECTED), "2": ("Ann", Status.IN_USE), "3": ("Bob", Status.SELECTED),
        "4": ("Dan", Status.SELECTED),
    }  # fmt: skip
    assert said.startswith("1 rows added, 1 changed, 1 kept as they are here")


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 5000, b"a,b\n" + b"x,y\n" * 50])
def test_what_is_no_facelist_is_refused_and_ours_stays(site, content):
    theirs = site.settings.root / "theirs.csv"
    write(theirs, row(1, "Ann"))
    pull_site(site)
    before = site.facelist.read_bytes()
    theirs.write_bytes(content)
    with pytest.raises(BadInputError):
        pull_site(site)
    assert site.facelist.read_bytes() == before


def test_the_sites_own_facelist_is_not_pulled(tmp_path):
    with pytest.raises(SettingsError, match="own facelist"):
        pull_site(make(tmp_path, facelist="facelist.csv"))


def test_facedata_that_is_damaged_is_refused_before_anything_is_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "BETWEEN", 0.01)
    site = make(tmp_path, facelist="theirs.csv", facedata="theirs.hdf5")
    write(tmp_path / "theirs.csv", row(1, "Ann"), row(2, "Ann"))
    (tmp_path / "theirs.hdf5").write_bytes(b"\x89HDF\r\n" + b"x" * 900)
    with pytest.raises(BadInputError):
        pull_site(site)
    assert not site.facelist.exists()
    key = facedata.face_key("Ann", row(1, "Ann").frame, row(1, "Ann").box, "data1")
    (tmp_path / "theirs.hdf5").unlink()
    facedata.update(tmp_path / "theirs.hdf5", {key: np.zeros(128, np.float32)}, set(), "unknown")
    assert "1 embeddings there, 1 rows in use there have none" in pull_site(site)["says"]


def test_lists_come_by_ssh(node, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "BETWEEN", 0.01)
    reach = {"host": "127.0.0.1", "port": node.port, "key": str(node.site / "key")}
    site = make(tmp_path, facelist="their list.csv", **reach)
    (tmp_path / "known_hosts").write_text(node.known_hosts.read_text())
    with pytest.raises(StepError, match="No such file"):
        pull_site(site)
    write(node.home / "their list.csv", row(1, "Ann"))
    node.enter_by("")
    with pytest.raises(BadInputError):  # a login shell that greets everybody: that is no facelist
        pull_site(site)
    (node.folder / "enter").write_text((node.folder / "enter").read_text().replace("echo", ": echo"))
    assert pull_site(site)["changed"]
    assert names(site) == {"1": ("Ann", Status.SELECTED)}
