"""The main job at its full size: drawn people, and real photographs."""

import json

from tests.end_to_end.command import command


def test_the_demo_names_residents_and_leaves_strangers_unknown(tmp_path):
    folder = tmp_path / "demo"
    shown = command("demo", folder)
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["mated_events"] >= 90
    assert summary["nonmated_events"] >= 70
    assert summary["mated_right"] >= 0.95 * summary["mated_events"]
    assert summary["nonmated_named"] <= 0.05 * summary["nonmated_events"]
    assert summary["target_verified"] is True
    assert summary["version"] == "alpha"
    assert {"residents", "strangers", "events", "seconds", "peak_rss_mb"} <= summary.keys()
    assert "residents' events named rightly" in shown.stdout
    again = json.loads(command("demo", folder, "--json").stdout)
    assert {**again, "seconds": 0, "peak_rss_mb": 0} == {**summary, "seconds": 0, "peak_rss_mb": 0}


def test_real_photographs_are_named_and_strangers_are_not(faces, tmp_path):
    command("simulate", tmp_path / "site", "--faces", faces)
    check_photographs(json.loads(command("run", tmp_path / "site", "--json").stdout))


def check_photographs(summary):
    assert (summary["mated_events"], summary["nonmated_events"]) == (144, 120)
    assert summary["mated_right"] >= 0.97 * 144
    assert summary["nonmated_named"] <= 0.05 * 120
