"""The doctor looks at the machines of an inventory, whatever reaches them."""

import time

import pytest

from deepthink.flow.doctor.examine import examine
from deepthink.flow.doctor.finding import Harm
from deepthink.flow.rollout import deploy_site
from tests.deployment.test_local import spoil
from tests.flow.doctor_site import of
from tests.flow.test_rollout import ROLES, network, quiet, set_to, site, thin_python

__all__ = ["network", "site", "thin_python"]  # fixtures


@pytest.mark.parametrize("via", ["ssh", "ansible"])
def test_what_is_wrong_on_one_of_an_inventorys_machines_is_found_on_that_one(site, network, via):
    deploy_site(set_to(site), "alpha", None, False, quiet)
    again = set_to(site, via=via)
    spoil(network["front"].place / "versions" / "alpha" / "recogniser_alpha.npz")
    network["data1"].script("date", 'if [ "$*" = "-u +%s" ]; then echo 5; else exec /bin/date "$@"; fi')
    begun = time.monotonic()
    findings = [one for one in examine(again.settings.root) if one.where != "here"]
    network["data1"].bin.joinpath("date").unlink()
    assert {one.where for one in findings} == set(ROLES)
    harmful = {(one.name, one.where) for one in findings if one.harm == Harm.HARMFUL}
    assert harmful == {("version", "front"), ("clock", "data1")}
    assert of(findings, "version", "back").found == "alpha, whole and signed, answers"
    assert time.monotonic() - begun < 45
