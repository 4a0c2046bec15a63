import numpy as np
import pytest

from deepthink.errors import BadInputError
from deepthink.validation.identification import Protocol, draw, identify
from tests.conftest import crowd

SMALL = Protocol(residents=8, least=8, enrolled=5, asked=3, reviewed=10, strangers=30)


@pytest.fixture(scope="module")
def album():
    """Ten people of nine photographs, sixty of one."""
    vectors, who, _ = crowd(10, 9, 1, seed=1)
    others, numbers, _ = crowd(60, 1, 1, seed=2)
    names = [f"P{person:02d}" for person in who] + [f"S{person:02d}" for person in numbers]
    return np.concatenate([vectors, others]), np.array(names)


def test_nobody_plays_two_parts(album):
    _, people = album
    drawn = draw(people, SMALL, 3)
    parts = [drawn.gallery, drawn.mated, drawn.reviewed, drawn.nonmated]
    assert len(np.unique(np.concatenate(parts))) == sum(map(len, parts))
    assert set(people[drawn.gallery]) == set(people[drawn.mated])
    strangers = set(people[drawn.reviewed]) | set(people[drawn.nonmated])
    assert not strangers & set(people[drawn.gallery])
    assert [len(part) for part in parts] == [40, 24, 10, 30]


def test_a_draw_is_the_same_for_the_same_seed_and_another_for_another(album):
    _, people = album
    same, other = (draw(people, SMALL, seed) for seed in (3, 4))
    assert np.array_equal(same.gallery, draw(people, SMALL, 3).gallery)
    assert not np.array_equal(same.gallery, other.gallery)


def test_too_few_people_or_strangers_are_refused(album):
    _, people = album
    with pytest.raises(BadInputError, match="Too few: 0 people have 30"):
        draw(people, Protocol(least=30), 0)
    with pytest.raises(BadInputError, match="0 photographs are of strangers"):
        draw(people[:90], SMALL, 0)


def test_people_who_lie_apart_are_named_and_strangers_are_not(album):
    found = identify(*album, draw(album[1], SMALL, 0), 0.01, "quick")
    assert found.missed.value <= 0.1
    assert found.named.value <= 0.1
    assert found.sentinelcam_named.value > 0.8  # its rule names almost everybody


def test_embeddings_that_say_nothing_give_no_names(album):
    noise = np.random.default_rng(0).normal(0, 0.06, album[0].shape).astype(np.float32)
    found = identify(noise, album[1], draw(album[1], SMALL, 0), 0.01, "quick")
    assert found.missed.value > 0.5
    assert found.named.value < 0.2
