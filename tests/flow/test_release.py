"""What a site lets out and takes in: only what is signed by a key that it trusts."""

import shutil

import pytest

from deepthink.errors import UntrustedVersionError
from deepthink.flow.rollout import deploy_site
from deepthink.flow.wiring import Site
from deepthink.registry.folder import FolderRegistry
from deepthink.registry.signing import Keys
from deepthink.settings import load


@pytest.fixture
def site(tmp_path):
    """A site whose version alpha is in production, from before versions were signed."""
    (tmp_path / "site.yaml").write_text("")
    (tmp_path / "model").write_bytes(b"numbers")
    FolderRegistry(tmp_path / "registry").add("alpha", {"recogniser_alpha.npz": tmp_path / "model"}, {"verdict": {}})
    site = Site(load(tmp_path))
    site.ledger.enter("alpha", True, 0.9, "")
    site.ledger.promote("alpha")
    return site


def unsigned(site, folder):
    pass


def altered(site, folder):
    site.registry.sign("alpha")
    (folder / "manifest.yaml").chmod(0o644)
    (folder / "manifest.yaml").write_text((folder / "manifest.yaml").read_text() + "note: mine\n")


def torn(site, folder):
    site.registry.sign("alpha")
    whole = (folder / "manifest.yaml.sig").read_bytes()
    (folder / "manifest.yaml.sig").chmod(0o644)
    (folder / "manifest.yaml.sig").write_bytes(whole[: len(whole) // 2])


def foreign(site, folder):
    Keys(site.settings.root / "theirs").sign(folder)


def anothers(site, folder):
    site.registry.sign("alpha")
    source = site.settings.root / "model"
    beta = site.registry.add("beta2", {"recogniser_beta2.npz": source}, {"verdict": {}})
    shutil.rmtree(folder)
    shutil.copytree(beta, folder)


@pytest.mark.parametrize("how", [unsigned, altered, torn, foreign, anothers])
def test_a_version_that_is_not_this_sites_is_neither_deployed_nor_recognised_with(site, how):
    how(site, site.registry.root / "alpha")
    with pytest.raises(UntrustedVersionError):
        site.in_production()
    with pytest.raises(UntrustedVersionError):
        deploy_site(site, "alpha", None, True, lambda target, stage: None)
    assert not (site.settings.root / "targets").exists()


def test_its_owners_signature_makes_an_old_version_good(site):
    site.registry.sign("alpha")
    assert site.registry.get("alpha")
    assert site.keys.own() is not None
