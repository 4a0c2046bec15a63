import numpy as np
import pytest

from deepthink.errors import BadInputError
from deepthink.validation.verification import Pair, best_distance, draw_pairs, read_pairs, verify_pairs


def test_the_best_distance_parts_the_most_pairs_rightly():
    apart = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    same = np.array([True, True, False, True, False])
    limit = best_distance(apart, same)
    right = [((apart <= at) == same).sum() for at in np.linspace(0, 0.6, 200)]
    assert ((apart <= limit) == same).sum() == max(right) == 4


@pytest.mark.parametrize("same", [True, False])
def test_pairs_of_one_kind_have_a_best_distance_too(same):
    apart = np.array([0.3, 0.1])
    assert ((apart <= best_distance(apart, np.array([same, same]))) == same).all()


def test_a_folds_threshold_comes_from_the_other_folds():
    """One fold whose pairs lie otherwise is judged by the others' threshold, and so is wrong."""
    embeddings = np.array([[0.0], [0.1], [1.0], [5.0]])
    pairs = [Pair(0, 1, True, f) for f in range(9)] + [Pair(0, 2, False, f) for f in range(9)]
    pairs += [Pair(0, 2, True, 9), Pair(0, 3, False, 9)]
    found = verify_pairs(embeddings, pairs)
    assert found.folds[-1] == 0.5
    assert found.accuracy == pytest.approx(0.95)


def test_drawn_pairs_are_half_of_one_person_and_nobody_is_in_two_folds():
    people = np.repeat([f"p{number:02d}" for number in range(40)], 6)
    pairs = draw_pairs(people, 400)
    assert sum(pair.same for pair in pairs) == 200
    assert all(pair.same == (people[pair.first] == people[pair.second]) for pair in pairs)
    folds = {}
    for pair in pairs:
        for one in (pair.first, pair.second):
            folds.setdefault(people[one], set()).add(pair.fold)
    assert all(len(fold) == 1 for fold in folds.values())
    assert draw_pairs(people, 400) == pairs


def test_too_few_people_for_ten_folds_are_refused():
    with pytest.raises(BadInputError, match="Too few people"):
        draw_pairs(np.array(["a", "a", "b"]), 100)


PAIRS = (
    "2\t2\nAnn\t1\t2\nBob\t1\t3\nAnn\t1\tBob\t2\nAnn\t2\tBob\t3\nAnn\t1\t2\nBob\t1\t2\nAnn\t2\tBob\t1\nAnn\t1\tBob\t1\n"
)
WHERE = {(name, number): at for at, (name, number) in enumerate((n, k) for n in ("Ann", "Bob") for k in (1, 2, 3))}


def test_a_published_list_of_pairs_is_read(tmp_path):
    (tmp_path / "pairs.txt").write_text(PAIRS)
    pairs = read_pairs(tmp_path / "pairs.txt", WHERE)
    assert pairs[:3] == [Pair(0, 1, True, 0), Pair(3, 5, True, 0), Pair(0, 4, False, 0)]
    assert [pair.fold for pair in pairs] == [0] * 4 + [1] * 4


@pytest.mark.parametrize(
    "text", ["", "pairs\n", "2\t2\nAnn\t1\n", "1\t1\nAnn\t1\t9\nAnn\t1\tBob\t1\n", "1 1\nAnn 1 2 3 4\n"]
)
def test_what_is_no_list_of_these_photographs_is_refused(tmp_path, text):
    (tmp_path / "pairs.txt").write_text(text)
    with pytest.raises(BadInputError, match=r"pairs\.txt"):
        read_pairs(tmp_path / "pairs.txt", WHERE)
