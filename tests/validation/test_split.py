"""What is asked has not been seen: neither the event, nor a copy of it, nor that stranger."""

import numpy as np

from deepthink.validation.split import COPY_BITS, copies, hold_out, same_strangers
from tests.conftest import crowd


def days(person, count, each):
    return [(person, f"2026-03-{day + 1:02d}|{person}{number}") for day in range(count) for number in range(each)]


def test_the_held_out_events_do_not_change_when_others_arrive():
    early = [("ann", f"2026-03-02|{number}") for number in range(12)]
    late = [*early, *(("bob", f"2026-03-03|{number}") for number in range(12))]
    first, second = hold_out(early, 0.25), hold_out(late, 0.25)
    assert len(first) == 3
    assert set(first) <= set(second)


def test_a_person_with_few_events_is_enrolled_with_all_of_them():
    assert hold_out([("ann", f"d|{number}") for number in range(3)], 0.5) == []


def test_a_persons_day_is_on_one_side_when_there_are_days_enough():
    events = days("ann", 8, 3)
    held = set(hold_out(events, 0.25))
    assert 3 <= len(held) <= 9
    sides = {event.split("|")[0]: event in held for _, event in events}
    assert all((event in held) == sides[event.split("|")[0]] for _, event in events)


def test_with_few_days_events_are_kept_one_by_one():
    held = {event.split("|")[0] for event in hold_out(days("ann", 2, 10), 0.4)}
    assert held == {"2026-03-01", "2026-03-02"}


def test_what_stays_together_is_never_parted_whoever_is_in_it():
    events = [(person, f"2026-03-02|{person}{number}") for person in ("ann", "bob") for number in range(12)]
    chain = [(f"2026-03-02|ann{number}", f"2026-03-02|bob{number}") for number in range(12)]
    chain += [("2026-03-02|ann0", "2026-03-02|ann1"), ("2026-03-02|ann1", "2026-03-02|ann2")]
    held = set(hold_out(events, 0.34, chain))
    assert held
    assert all((one in held) == (other in held) for one, other in chain)


def test_what_is_all_one_is_trained_on():
    events = [("ann", f"2026-03-02|{number}") for number in range(8)]
    assert hold_out(events, 0.25, [tuple(event for _, event in events)]) == []


def test_a_copy_is_near_in_embedding_and_in_hash():
    vectors = np.float32([[0, 0], [0.1, 0], [0, 0.1], [0.1, 0.1], [1, 0]])
    few, many = 2**COPY_BITS - 1, 2 ** (COPY_BITS + 1) - 1
    hashes = np.array([2**63, 2**63 + few, 2**63 + 2**40 * many, 0, 2**63], np.uint64)
    assert copies(["ann"] * 5, list("abcde"), vectors, hashes) == [("a", "b")]
    assert copies(["ann", "bob", *["ann"] * 3], list("abcde"), vectors, hashes) == []
    assert copies(["ann"] * 5, list("aacde"), vectors, hashes) == []
    assert copies(["ann"] * 2, list("ab"), vectors[:2] / 4, hashes[[0, 2]]) == [("a", "b")]  # near enough without it


def test_more_faces_than_a_block_are_all_compared():
    vectors = np.random.default_rng(0).normal(0, 1, (1200, 128)).astype(np.float32)
    vectors[1100] = vectors[3]
    hashes = np.arange(1, 1201, dtype=np.uint64)
    hashes[1100] = hashes[3]
    assert copies(["ann"] * 1200, [f"{n:04d}" for n in range(1200)], vectors, hashes) == [("0003", "1100")]


def test_a_stranger_who_comes_back_is_on_one_side():
    vectors, who, _ = crowd(30, 4, 1, seed=3, spread=0.02)
    events = [f"2026-03-02|{number:03d}" for number in range(len(who))]
    held = set(hold_out([("Unknown", event) for event in events], 0.3, same_strangers(events, vectors)))
    sides = [{events[at] in held for at in np.flatnonzero(who == person)} for person in range(30)]
    assert all(len(side) == 1 for side in sides)
    assert 0.15 < len(held) / len(events) < 0.45
