"""The version in production, against which a new one is compared."""

import numpy as np

from deepthink.flow.champion import champion_of
from deepthink.flow.wiring import Site
from deepthink.model.artifact import Recogniser, write_recogniser
from deepthink.model.openset import Rule
from deepthink.registry.publish import publish
from deepthink.settings import load


def test_it_is_known_from_how_many_events_production_knows_each_person(tmp_path):
    """The manifest calls it training_metrics; looked for under another name, nobody's gallery ever shrank."""
    (tmp_path / "site.yaml").write_text("")
    site = Site(load(tmp_path))
    recogniser = Recogniser(Rule(("ann",), np.zeros((1, 128), np.float32), np.ones(1)), None, "x:1")
    file = tmp_path / "recogniser_alpha.npz"
    write_recogniser(file, recogniser)
    verdict = {"passed": True, "fnir": {"rate": 0.0, "count": 0, "total": 9}, "fpir": {"count": 0, "total": 9}}
    facts = {"training": {"events_per_person": {"ann": 7}}, "verdict": verdict}
    files = {one.name: one for one in (file, file.with_suffix(".json"))}
    publish("alpha", files, facts, site.registry, site.ledger)
    site.ledger.promote("alpha")
    champion = champion_of(site, "beta2", recogniser)
    assert (champion.version, champion.events) == ("alpha", {"ann": 7})
