"""Choosing the machine, and what it gives to faces it has not seen."""

from types import SimpleNamespace

import numpy as np
import pytest

from deepthink.model.choice import _judged, choose
from deepthink.model.search import SupportVectorSearch
from tests.conftest import crowd


def quiet(done, total, what):
    pass


def test_frames_of_one_event_never_straddle_a_fold():
    from deepthink.model.choice import event_folds

    _, who, events = crowd(4, 6, 3)
    for train, test in event_folds(who, events, 5):
        assert not set(events[train]) & set(events[test])


def test_the_choice_is_stock_grid_searchs():
    from sklearn.model_selection import GridSearchCV
    from sklearn.svm import SVC

    from deepthink.model.choice import event_folds
    from deepthink.model.grids import PRESETS

    vectors, who, events = crowd(5, 6, 2, spread=0.06)
    chosen = choose(vectors, who, events, "standard", 5, quiet)
    stock = GridSearchCV(SVC(), PRESETS["standard"], cv=event_folds(who, events, 5)).fit(vectors, who)
    assert chosen.best == stock.best_params_
    assert chosen.accuracy == pytest.approx(stock.best_score_, abs=1e-3)
    assert all(row["seconds"] > 0 for row in chosen.table)
    assert chosen.engine == "sklearn"


def test_without_room_for_all_decisions_the_own_duels_tell_nearly_the_same():
    vectors, who, _ = crowd(6, 8, 2, spread=0.06)
    search = SupportVectorSearch("quick", cv=4, engine="sklearn").fit(vectors, who)
    full = _judged(search, who)
    short = _judged(SimpleNamespace(best_decisions_=None, own_decisions_=search.own_decisions_), who)
    assert short[0] == pytest.approx(full[0])
    assert np.corrcoef(short[2], full[2])[0, 1] > 0.95
    assert np.abs(short[2] - full[2]).mean() < 0.1
    assert short[3] is None
