"""Who receives a face model, as an Ansible inventory says it."""

import os
from pathlib import Path

import pytest

from deepthink.deployment.inventory import Inventory, environment, read_inventory
from deepthink.deployment.variables import Variables
from deepthink.errors import SettingsError

NETWORK = """
all:
  vars: {ansible_user: ops}
  children:
    nodes:
      children:
        sentinels: {hosts: {sentinel: {ansible_host: 10.0.0.60, model_version_overrides: {face_recognition: gamma3}}}}
        datasinks: {hosts: {data1: {ansible_host: 10.0.0.50}}}
    outposts:
      vars: {outpost_models: [mobilenet_ssd]}
      hosts: {east: {}, alpha5: {outpost_models: [mobilenet_ssd, face_recognition]}}
    ml_trainers: {hosts: {deepend: {}}}
"""
INI = """
[sentinels]
sentinel ansible_host=10.0.0.60 ansible_port=2222
[datasinks]
data1
[all:vars]
deepthink_deployment_targets={"face_model": {"sentinels": ["sentinel"]}}
"""


def read(folder, text, name="inventory.yaml"):
    (folder / name).write_text(text)
    return read_inventory(folder / name)


def test_the_groups_of_the_network_count_and_outposts_that_ask(tmp_path):
    found = read(tmp_path, NETWORK)
    assert found.roles() == {"sentinel": "sentinel", "data1": "datasink", "alpha5": "outpost"}
    assert found.hosts["sentinel"]["ansible_user"] == "ops"
    assert found.groups["nodes"] == ["sentinel", "data1"]


def test_an_ini_file_is_read_too_and_its_own_targets_win(tmp_path):
    found = read(tmp_path, INI, "hosts")
    assert found.roles() == {"sentinel": "sentinel"}
    assert found.hosts["sentinel"]["ansible_port"] == 2222


def test_a_folder_with_group_vars_is_read_as_ansible_does(tmp_path):
    (tmp_path / "inventory" / "group_vars").mkdir(parents=True)
    (tmp_path / "inventory" / "hosts.yaml").write_text(NETWORK)
    (tmp_path / "inventory" / "group_vars" / "outposts.yaml").write_text("outpost_models: [face_model]\n")
    found = read_inventory(tmp_path / "inventory")
    assert found.roles()["alpha5"] == "outpost"


@pytest.mark.parametrize("text", ["{not: [yaml", "just words\nwithout: sense: here"])
def test_what_is_no_inventory_is_said(tmp_path, text):
    with pytest.raises(SettingsError, match=r"is no inventory that Ansible can read|names nobody|No inventory"):
        read(tmp_path, text).roles()


def test_an_absent_inventory_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"nowhere\.yaml.*deployment\.inventory"):
        read_inventory(tmp_path / "nowhere.yaml")


HOSTS = {"sentinel": {}, "data1": {}, "east": {}}
GROUPS = {"sentinels": ["sentinel"], "datasinks": ["data1"], "outposts": ["east"], "all": ["sentinel", "data1", "east"]}


def inventory(**variables):
    return Inventory(Path("i.yaml"), {name: {**variables, **own} for name, own in HOSTS.items()}, GROUPS)


def test_what_the_site_wants_wins_over_the_inventory():
    targets = {
        "face_model": {"sentinels": ["sentinel"], "datasinks": ["datasinks"]},
        "vehicle_model": {"outposts": ["east"]},
    }
    found = inventory(deepthink_deployment_targets=targets)
    assert found.roles() == {"sentinel": "sentinel", "data1": "datasink"}
    assert found.roles({"face_model": {"outposts": ["outposts"]}}) == {"east": "outpost"}
    assert found.roles({"vehicle_model": {"outposts": ["east"]}}) == {}


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"sentinels": ["sentinal"]}, "sentinal, of sentinels, is neither a host nor a group"),
        ({"watchtowers": ["east"]}, "watchtowers receive no face model; known: sentinels, datasinks, outposts"),
        ({"sentinels": ["data1"], "datasinks": ["data1"]}, "data1 is a sentinel and a datasink at once"),
    ],
)
def test_a_slip_is_named(wanted, told):
    with pytest.raises(SettingsError, match=told):
        inventory().roles({"face_model": wanted})


@pytest.mark.parametrize("nothing", [None, {}, {"sentinels": None}])
def test_an_empty_list_of_targets_names_nobody(nothing):
    assert inventory().roles({"face_model": nothing}) == {}


def test_one_name_stands_for_a_list_of_it():
    assert inventory().roles({"face_model": {"sentinels": "data1"}}) == {"data1": "sentinel"}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", "systemctl restart {{ service }}"),
        ("text", ["systemctl", "restart"]),
        ("text", True),
        ("text", "two\nlines"),
        ("word", "-oProxyCommand=x"),
        ("word", "a b"),
        ("number", "soon"),
        ("number", "{{ port }}"),
        ("number", -1),
        ("number", float("nan")),
        ("words", "model"),
        ("words", [{"model": 1}]),
        ("words", 5),
    ],
)
def test_a_value_that_cannot_work_is_refused_before_anybody_is_reached(kind, value):
    with pytest.raises(SettingsError, match=r"i\.yaml: thing of data1 is"):
        getattr(Variables(inventory(thing=value), "data1"), kind)("thing")


@pytest.mark.parametrize("value", [None, ""])
def test_what_is_empty_is_as_if_it_were_not_there(value):
    said = Variables(inventory(thing=value, model_version_overrides={"face_recognition": value}), "data1")
    assert (said.text("thing"), said.number("thing"), said.version()) == (None, None, None)


@pytest.mark.parametrize("value", ["../x", "{{ version }}", ["a"]])
def test_an_override_that_is_no_version_is_refused(value):
    with pytest.raises(SettingsError, match="must be a version"):
        Variables(inventory(model_version_overrides={"face_model": value}), "data1").version()


def test_targets_that_ansible_would_compute_are_refused():
    with pytest.raises(SettingsError, match="written out"):
        inventory(deepthink_deployment_targets="{{ x }}").roles()


def test_the_networks_own_ansible_cfg_counts_unless_another_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv("ANSIBLE_CONFIG", raising=False)
    (tmp_path / "network" / "inventory").mkdir(parents=True)
    path = tmp_path / "network" / "inventory" / "production.yaml"
    home = tmp_path / "home"
    home.mkdir()
    assert environment(path, home)["ANSIBLE_CONFIG"] == str(home / "empty.cfg")
    (tmp_path / "network" / "ansible.cfg").touch()
    assert environment(path, home)["ANSIBLE_CONFIG"] == str(tmp_path / "network" / "ansible.cfg")
    monkeypatch.setenv("ANSIBLE_CONFIG", os.devnull)
    assert environment(path, home)["ANSIBLE_CONFIG"] == os.devnull
