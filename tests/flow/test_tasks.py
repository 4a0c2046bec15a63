"""A sentinel's tasks where their own files say nothing, or are not there."""

import pytest

from deepthink.datasink.feed import FeedDatasink
from deepthink.errors import SettingsError
from deepthink.flow import tasks
from deepthink.flow.sentinel_yaml import SentinelConfig, Task
from deepthink.flow.tasks import prepare
from deepthink.settings import load
from tests.sentinelcam.site import DAY, make_site, serving

JOB = {"task": "DailyCleanup", "sink": "data1", "date": "2026-09-02", "event": None, "jobid": "a" * 32}


@pytest.fixture
def pump(tmp_path):
    with serving(make_site(tmp_path / "sink"), delete=True) as pump:
        yield pump


def cleanup(folder, file=None):
    """What an engine does with a job; the site's settings are those of a new one."""
    config = SentinelConfig(
        0, 0, "", folder / "sockets", {"A": (1,)}, {"DailyCleanup": Task("DailyCleanup", "DailyCleanup", 1, file)}
    )
    (folder / "site.yaml").write_text("{}\n")
    return prepare(load(folder / "site.yaml"), config)


def test_a_cleanup_without_a_file_of_its_own_deletes_only_where_the_site_says_so(tmp_path, pump):
    said = []
    cleanup(tmp_path)({**JOB, "pump": pump.address}, lambda *what: said.append(what))
    assert "dry run" in said[-1][1]
    assert len(list((tmp_path / "sink" / "data" / DAY).glob("*_trk.csv"))) == 2


def test_a_cleanup_whose_file_is_not_there_fails_and_deletes_nothing(tmp_path, pump):
    with pytest.raises(SettingsError, match=r"DailyClenup\.yaml: No such file"):
        cleanup(tmp_path, tmp_path / "DailyClenup.yaml")({**JOB, "pump": pump.address}, lambda *what: None)
    assert len(list((tmp_path / "sink" / "data" / DAY).glob("*_trk.csv"))) == 2


def test_an_engine_stays_connected_to_a_few_pumps_however_many_are_named(tmp_path, pump, monkeypatch):
    closed = []
    monkeypatch.setattr(FeedDatasink, "close", lambda sink: closed.append(sink.name))
    work = cleanup(tmp_path)
    for number in (0, 1, 2, 3, 0, 4, 5):
        work({**JOB, "pump": pump.address, "sink": f"s{number}"}, lambda *what: None)
    assert (tasks.MOST_SITES, closed) == (4, ["s1", "s2"])
