"""SentinelCam's DailyCleanup.yaml is read as it is, and a slip in it is named."""

import pytest

from deepthink.datasink.profiles import Profile, parse_policy, read_policy
from deepthink.errors import SettingsError

SHAPE = """%YAML 1.0
---
# a comment
run_deletes: False
max_scan_days: 20
retention_profiles:
  person_tracking:
    strategy: face_quality
    retention_days: 14
    min_face_ratio: 0.25
    confidence_threshold: 0.99
    nodes: [lab1, alpha5]
  vehicle_tracking: {strategy: vehicle_interest, speed_cutoff: 32.5, extended_days: 40, nodes: [east, alpha5]}
  archive_all:
    strategy: never_delete
    nodes: []
  default:
    strategy: minimal_retention
    retention_days: 5
"""


def test_sentinelcams_file_is_read_as_it_is(tmp_path):
    (tmp_path / "DailyCleanup.yaml").write_text(SHAPE)
    read = read_policy(tmp_path / "DailyCleanup.yaml")
    assert (read.max_scan_days, read.run_deletes) == (20, False)
    assert read.of("lab1") == Profile("person_tracking", "face_quality", 14, 30, 30, 0.99, 0.25, ("lab1", "alpha5"))
    assert read.of("alpha5") == Profile("vehicle_tracking", "vehicle_interest", 7, 40, 32.5, nodes=("east", "alpha5"))
    assert read.of("elsewhere") == Profile("default", "minimal_retention", 5)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"retention_profile": {}}, "retention_profile"),
        ({"retention_profiles": {"a": {"retention_day": 3}}}, "retention_day"),
        ({"retention_profiles": {"a": {"retention_days": -1}}}, "0 or more"),
        ({"retention_profiles": {"a": {"retention_days": "7"}}}, "'7'"),
        ({"retention_profiles": {"a": {"retention_days": float("nan")}}}, "nan"),
        ({"retention_profiles": {"a": {"extended_days": True}}}, "True"),
        ({"retention_profiles": {"a": {"strategy": "always"}}}, "always"),
        ({"retention_profiles": {"a": {"nodes": "east"}}}, "east"),
        ({"retention_profiles": {"a": {"nodes": [7]}}}, "7"),
        ({"retention_profiles": ["a"]}, "keys and values"),
        ({"retention_profiles": {"a": 7}}, "keys and values"),
        ({"max_scan_days": None}, "max_scan_days"),
        ({"run_deletes": "yes"}, "true or false"),
        (["a"], "keys and values"),
    ],
)
def test_a_slip_in_the_profiles_is_named_before_it_costs_an_event(content, told):
    with pytest.raises(SettingsError, match=told):
        parse_policy(content, "x.yaml")


def test_a_file_that_is_absent_or_is_no_yaml_is_said(tmp_path):
    with pytest.raises(SettingsError, match=r"retain\.file"):
        read_policy(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("a: [")
    with pytest.raises(SettingsError, match="cannot be read"):
        read_policy(tmp_path / "bad.yaml")
