"""The pictures of the grid: what is written in which cell."""

import numpy as np
import pytest

from deepthink.validation import plots

TABLE = [
    {"kernel": "rbf", "gamma": 0.1, "C": 1.0, "accuracy": 0.9, "seconds": 0.0123},
    {"kernel": "rbf", "gamma": 0.1, "C": 10.0, "accuracy": 0.95, "seconds": 1234.5},
    {"kernel": "linear", "C": 1.0, "accuracy": 0.8, "seconds": np.nan},
]


def cells(drawn):
    return {tuple(map(int, text.get_position())): text for text in drawn.axes[0].texts}


@pytest.mark.parametrize(
    ("draw", "written"),
    [
        (plots.grid_search, {(0, 0): "0.800", (0, 1): "0.900", (1, 1): "0.950"}),
        (plots.grid_seconds, {(0, 1): "0.012", (1, 1): "1234"}),  # what was not measured stays empty
    ],
)
def test_each_candidate_has_its_cell_and_the_best_a_frame(draw, written):
    drawn = draw(TABLE, TABLE[1])
    assert {where: text.get_text() for where, text in cells(drawn).items()} == written
    assert drawn.axes[0].patches[0].get_xy() == (0.5, 0.5)
    assert plots.as_svg(drawn).startswith("<svg")


def test_scores_that_are_all_the_same_can_be_read():
    drawn = plots.grid_search([{**row, "accuracy": 1.0} for row in TABLE], TABLE[0])
    assert {text.get_color() for text in cells(drawn).values()} == {"white"}  # on the darkest colour


def test_no_time_at_all_is_drawn_too():
    assert not cells(plots.grid_seconds([{**row, "seconds": np.nan} for row in TABLE], TABLE[0]))
