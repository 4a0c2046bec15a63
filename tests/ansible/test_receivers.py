"""Who receives models, as the trainer is told by the role: DeepThink reads there what the inventory said."""

import getpass
import sys

import pytest

from deepthink.deployment.inventory import read_inventory
from tests.ansible.play import inventory, playbook

RECEIVERS = """
- hosts: ml_trainers
  gather_facts: false
  tasks:
    - import_role: {name: deepthink, tasks_from: receivers}
"""
TRAINER = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_become": False}


@pytest.fixture
def told(tmp_path):
    """Return what DeepThink reads of an inventory on the trainer."""

    def tell(said=None, **groups):
        play = tmp_path / "receivers.yaml"
        play.write_text(RECEIVERS)
        me = {"deepthink_user": getpass.getuser(), "deepthink_site_path": str(tmp_path), **(said or {})}
        me["deepthink_group"] = str(tmp_path.group())
        written = playbook(tmp_path, play, inventory(ml_trainers={"trainer": TRAINER}, **groups), **me)
        assert written.well, written.text[-3000:]
        return read_inventory(tmp_path / "inventory.yaml")

    return tell


def test_groups_and_outposts_that_ask(told):
    read = told(
        sentinels={"sentinel": {"ansible_host": "10.0.0.9", "ansible_password": "secret"}},
        outposts={"east": {"outpost_models": ["face_model"]}, "west": {}},
    )
    assert read.roles() == {"sentinel": "sentinel", "east": "outpost"}
    assert read.hosts["sentinel"] == {"ansible_host": "10.0.0.9"}


def test_hosts_and_groups_of_any_name(told):
    targets = {"face_model": {"sentinels": ["kitchen"], "datasinks": ["cellar"]}, "vehicle_model": {"outposts": ["x"]}}
    read = told(
        {"deepthink_deployment_targets": targets},
        kitchen={"k1": {}, "k2": {"deepthink_folder": "models"}},
        others={"cellar": {"ansible_become": True}, "attic": {}},
    )
    assert read.roles() == {"k1": "sentinel", "k2": "sentinel", "cellar": "datasink"}
    assert read.hosts["k2"]["deepthink_folder"] == "models"
    assert read.hosts["cellar"]["ansible_become"] is True
    assert "attic" not in read.hosts


def test_nobody(told):
    assert told().roles() == {}
