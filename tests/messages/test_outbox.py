"""News leave when every channel has them: each by itself, in order, at least once, and not for ever."""

import json
import threading
import time

import pytest

from deepthink.errors import DeliveryError
from deepthink.messages.base import News
from deepthink.messages.outbox import Outbox

NOON = 1_795_600_000.0
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


class Channel:
    """A way that keeps what it was given, and can be out of order."""

    def __init__(self, name: str = "ntfy") -> None:
        self.name, self.got, self.broken, self.tries = name, [], False, 0

    def send(self, news: News) -> None:
        self.tries += 1
        if self.broken:
            raise DeliveryError("it answers 503")
        self.got.append(news.title)


def news(title: str) -> News:
    return News("trouble", title, "It happened.")


@pytest.fixture
def outbox(tmp_path, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: NOON)
    return Outbox(tmp_path / "outbox")


def files(outbox: Outbox) -> list:
    return sorted(outbox.folder.glob("*.json"))


def test_news_reach_all_channels_and_leave(outbox):
    one, two = Channel("one"), Channel("two")
    assert outbox.put(news("a"), ["one", "two"])
    assert outbox.due() == NOON
    assert [str(done) for done in outbox.deliver([one, two])] == ["one: a: arrived", "two: a: arrived"]
    assert (one.got, two.got, files(outbox), outbox.due()) == (["a"], ["a"], [], None)


def test_a_channel_that_fails_does_not_give_the_others_a_repeat(outbox):
    fine, broken = Channel("fine"), Channel("broken")
    broken.broken = True
    outbox.put(news("a"), ["broken", "fine"])
    outbox.deliver([fine, broken], NOON)
    broken.broken = False
    outbox.deliver([fine, broken], NOON + MINUTE)
    assert (fine.got, broken.got) == (["a"], ["a"])


def test_order_is_kept_for_each_channel(outbox):
    fine, broken = Channel("fine"), Channel("broken")
    broken.broken = True
    outbox.put(news("a"), ["fine", "broken"])
    outbox.deliver([fine, broken], NOON)
    broken.broken = False
    for title in "bc":
        outbox.put(news(title), ["fine", "broken"])
    outbox.deliver([fine, broken], NOON + 1)  # "a" is not due yet, so nothing may overtake it
    assert (fine.got, broken.got) == (["a", "b", "c"], [])
    outbox.deliver([fine, broken], NOON + MINUTE)
    assert broken.got == ["a", "b", "c"]


def test_order_survives_a_clock_that_is_set_back(outbox, monkeypatch):
    outbox.put(news("a"), ["ntfy"])
    monkeypatch.setattr(time, "time_ns", lambda: 1)
    outbox.put(news("b"), ["ntfy"])
    channel = Channel()
    outbox.deliver([channel])
    assert channel.got == ["a", "b"]


def test_it_is_tried_again_after_a_minute_then_two_up_to_an_hour(outbox):
    broken, at, waits = Channel(), NOON, []
    broken.broken = True
    outbox.put(news("a"), ["ntfy"])
    for _ in range(9):
        outbox.deliver([broken], at)
        again = outbox.due(at)
        assert not outbox.deliver([broken], again - 1)
        waits.append((again - at) / MINUTE)
        at = again
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_it_is_given_up_after_three_days_and_the_next_has_its_turn(outbox, caplog):
    broken, at = Channel(), NOON
    broken.broken = True
    outbox.put(news("a"), ["ntfy"])
    while files(outbox):
        (last,) = outbox.deliver([broken], at)
        at = outbox.due(at) or at
    assert 3 * DAY < at - NOON < 3 * DAY + 2 * HOUR
    assert "given up after 78 tries" in caplog.text
    assert "given up" in str(last)


def test_a_clock_that_jumps_gives_nothing_up(outbox):
    """A Raspberry Pi without a clock begins in 1970 and learns the time later."""
    channel = Channel()
    channel.broken = True
    outbox.put(news("a"), ["ntfy"])
    outbox.deliver([channel], NOON)
    outbox.deliver([channel], NOON + 50 * 365 * DAY)
    channel.broken = False
    outbox.deliver([channel], NOON + 50 * 365 * DAY + HOUR)
    assert channel.got == ["a"]


def test_a_clock_that_is_set_back_lets_nothing_wait_for_years(outbox):
    channel = Channel()
    channel.broken = True
    outbox.put(news("a"), ["ntfy"])
    outbox.deliver([channel], NOON + 365 * DAY)
    channel.broken = False
    outbox.deliver([channel], NOON)
    assert channel.got == ["a"]


def test_a_channel_that_is_not_set_up_any_more_is_said_and_others_go_on(outbox):
    outbox.put(news("a"), ["gone", "ntfy"])
    channel = Channel()
    said = [str(done) for done in outbox.deliver([channel], NOON)]
    assert said[0].startswith("gone: a: it is not set up here any more")
    assert channel.got == ["a"]


def test_a_fault_that_nobody_foresaw_is_one_of_its_channel(outbox):
    class Wrong(Channel):
        def send(self, news):
            raise ZeroDivisionError("secret")

    fine = Channel("fine")
    outbox.put(news("a"), ["wrong", "fine"])
    said = [str(done) for done in outbox.deliver([Wrong("wrong"), fine], NOON)]
    assert said == ["wrong: a: ZeroDivisionError; tried again in 1 min", "fine: a: arrived"]


def test_two_who_deliver_at_once_send_once(outbox):
    slow, entered, leave = Channel(), threading.Event(), threading.Event()
    send = slow.send

    def slowly(news):
        entered.set()
        assert leave.wait(10)
        send(news)

    slow.send = slowly
    outbox.put(news("a"), ["ntfy"])
    first = threading.Thread(target=outbox.deliver, args=([slow],))
    first.start()
    assert entered.wait(10)
    assert Outbox(outbox.folder).deliver([slow]) == []
    outbox.put(news("b"), ["ntfy"])  # which nobody waits for
    leave.set()
    first.join()
    outbox.deliver([slow])
    assert slow.got == ["a", "b"]


def test_a_repeat_has_the_same_id(outbox):
    ids = []

    class Killed(Channel):
        def send(self, news):
            ids.append(news.id)
            if len(ids) == 1:
                raise KeyboardInterrupt  # it has arrived, and we die before that is noted

    outbox.put(news("a"), ["ntfy"])
    with pytest.raises(KeyboardInterrupt):
        outbox.deliver([Killed()], NOON)
    outbox.deliver([Killed()], NOON + MINUTE)
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_what_waits_already_is_not_put_twice(outbox):
    """The service puts news again when it was killed before it had noted that it did."""
    twice = News("trouble", "a", "x", id="run-7/../failed")
    assert outbox.put(twice, ["ntfy"])
    assert outbox.put(twice, ["ntfy"])
    channel = Channel()
    outbox.deliver([channel])
    assert channel.got == ["a"]


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b"null", b'{"news": {}}', b'{"news": {"kind": 1}, "to": [], "since": 0}']
)
def test_a_damaged_file_is_put_aside(outbox, damage, caplog):
    outbox.put(news("a"), ["ntfy"])
    files(outbox)[0].write_bytes(damage)
    outbox.put(news("b"), ["ntfy"])
    channel = Channel()
    outbox.deliver([channel])
    assert channel.got == ["b"]
    assert len(list(outbox.folder.glob("*.damaged"))) == 1
    assert "put aside" in caplog.text


def test_what_a_kill_left_half_written_is_removed(outbox, tmp_path):
    import os

    outbox.put(news("a"), ["ntfy"])
    stale, fresh = outbox.folder / ".1-a.json.x.part", outbox.folder / ".2-b.json.x.part"
    for path in (stale, fresh):
        path.write_text("half")
    os.utime(stale, (NOON - DAY, NOON - DAY))
    os.utime(fresh, (NOON, NOON))
    outbox.deliver([Channel()])
    assert (stale.exists(), fresh.exists()) == (False, True)


def test_of_far_too_many_the_oldest_are_given_up(outbox, monkeypatch, caplog):
    monkeypatch.setattr("deepthink.messages.outbox.MOST", 3)
    for title in "abcde":
        outbox.put(news(title), ["ntfy"])
    channel = Channel()
    outbox.deliver([channel])
    assert channel.got == ["c", "d", "e"]
    assert caplog.text.count("given up") == 2


def test_a_file_is_json_that_a_person_can_read(outbox):
    outbox.put(news("a"), ["ntfy"])
    content = json.loads(files(outbox)[0].read_text())
    assert content["news"]["title"] == "a"
    assert content["to"] == {"ntfy": {"count": 0, "again": 0.0}}


def test_news_of_whatever_id_wait_and_none_takes_anothers_place(outbox):
    ids = ["drift-a b", "drift-a/b", "drift-" + "É" * 300, "../../up"]
    for one in ids:
        assert outbox.put(News("drift", one, "text", id=one), ["loud"])
    assert len(files(outbox)) == len(ids)
    assert not list(outbox.folder.parent.glob("*up*"))
