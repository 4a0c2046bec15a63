"""A filmed site, swept, for the tests of review."""

import pytest

from tests.curated import film, site_in


@pytest.fixture(scope="session")
def filmed(tmp_path_factory):
    return film(tmp_path_factory.mktemp("filmed"))


@pytest.fixture
def site(filmed, tmp_path):
    return site_in(tmp_path / "site", filmed)
