"""The command, in a process of its own."""

import subprocess
import sys

DEEPTHINK = [sys.executable, "-m", "deepthink"]


def command(*words, env=None, check=True):
    done = subprocess.run([*DEEPTHINK, *map(str, words)], capture_output=True, text=True, env=env, timeout=600)
    assert not check or done.returncode == 0, done.stderr[-3000:]
    return done
