"""`deepthink serve review`, in a process of its own: users, refusals, a real request, a kill in the middle."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from deepthink.curation.facelist import Facelist
from deepthink.curation.history import History, in_force
from deepthink.flow.desk import Desk
from tests.end_to_end.command import DEEPTHINK, command

ENV = {**os.environ, "DEEPTHINK_PASSWORD": "correct horse battery"}
DECIDING = """
import sys
from deepthink.curation import review
from deepthink.curation.actions import Order
from deepthink.flow.desk import Desk
from deepthink.flow.wiring import Site
from deepthink.settings import load

desk = Desk(Site(load(sys.argv[1])))
print("begun", flush=True)
for turn in range(100_000):
    for number in list(desk.board.rows):
        verb = ("stranger", "remove", "wait")[turn % 3]
        desk.act(Order(verb, {number: review.stamp_of(desk.row(number))}, "", "unknown", "ann"))
"""


def test_users_are_added_listed_and_removed(site):
    root = site.settings.root
    added = command("serve", "review", "--site", root, "--add-user", "ann", "--role", "administer", env=ENV)
    assert added.stdout == "ann: administer\n"
    other = command("serve", "review", "--site", root, "--add-user", "bob", "--remove-user", "ann", env=ENV)
    assert other.stdout == "bob: review\n"
    refused = command("serve", "review", "--site", root, "--add-user", "eve", "--role", "king", env=ENV, check=False)
    assert refused.returncode == 1
    assert "Roles: look, review, administer" in refused.stderr


def test_where_others_can_reach_it_it_does_not_start_without_a_login(site):
    refused = command("serve", "review", "--site", site.settings.root, "--host", "0.0.0.0", "--port", "0", check=False)
    assert refused.returncode == 1
    assert "--add-user" in refused.stderr


@pytest.fixture
def running(site):
    words = [*DEEPTHINK, "serve", "review", "--site", str(site.settings.root), "--port", "0"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.wait()


def test_it_answers_and_ends_when_it_is_told_to(running):
    address = re.search(r"http://127\.0\.0\.1:\d+", running.stderr.readline())[0]
    with urllib.request.urlopen(f"{address}/people", timeout=30) as answer:
        assert b"Nobody is enrolled yet." in answer.read()
    evil = urllib.request.Request(f"{address}/people", headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError, match="421"):
        urllib.request.urlopen(evil, timeout=30)
    running.send_signal(signal.SIGTERM)
    assert running.wait(timeout=40) == 0


@pytest.mark.parametrize("after", [0.11, 0.37, 0.83])
def test_a_kill_in_the_middle_loses_the_action_in_flight_at_most_and_says_so(site, after):
    rows = len(Facelist(site.facelist))
    process = subprocess.Popen([sys.executable, "-c", DECIDING, str(site.settings.root)], stdout=subprocess.PIPE)
    process.stdout.readline()
    time.sleep(after)
    process.kill()
    process.wait()
    desk = Desk(site)
    last = History(site.facelist).actions()
    done = in_force(last)
    assert len(done) > 2
    facelist = Facelist(site.facelist)
    assert len(facelist) == rows
    state = {}
    for action in done:  # what the history says is what the list shows
        state |= {number: after[:2] for number, after in action.after.items()}
    assert {n: (int(facelist[n].status), facelist[n].name) for n in state} == state
    assert (desk.lost is not None) == (last[-1].who == "an interruption")


@pytest.mark.parametrize("page", ["review", "status"])
def test_a_certificate_without_its_key_is_refused(site, page):
    done = command("serve", page, "--site", site.settings.root, "--certificate", "cert.pem", check=False)
    assert done.returncode == 1
    assert "--certificate and --key go together" in done.stderr
