import threading
import time

import pytest

from deepthink.flow.ahead import ahead


def test_results_come_in_the_order_of_the_items():
    def slower_first(number):
        time.sleep(0.02 if number % 2 == 0 else 0)
        return number

    assert list(ahead(slower_first, range(20), workers=4)) == list(range(20))


def test_work_is_done_in_several_threads_at_once():
    meeting = threading.Barrier(3, timeout=10)
    assert list(ahead(lambda number: (meeting.wait(), number)[1], range(6), workers=3)) == list(range(6))


def test_no_more_than_a_few_results_wait_however_slow_the_consumer():
    taken = []

    def items():
        for number in range(100):
            taken.append(number)
            yield number

    results = ahead(lambda number: number, items(), workers=2)
    for _ in range(10):
        next(results)
    time.sleep(0.05)
    assert len(taken) <= 10 + 2 * 2


def test_an_error_comes_out_at_its_items_turn_and_ends_the_work():
    done = []

    def work(number):
        if number == 3:
            raise ValueError("third")
        done.append(number)
        return number

    results = ahead(work, range(1000), workers=2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="third"):
        next(results)
    assert len(done) < 20


def test_a_consumer_that_stops_ends_the_work():
    results = ahead(lambda number: number, range(1000), workers=2)
    next(results)
    results.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]
