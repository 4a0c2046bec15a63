"""What the engines of these tests do: a job's sink says how it goes."""

import os
import time
from pathlib import Path

from deepthink.errors import BadInputError, StepError


def prepare(folder, config):
    if (Path(folder) / "broken").exists():
        raise RuntimeError("cannot even start")

    def work(job, tell):
        with (Path(folder) / "done").open("a") as file:
            file.write(f"{job['task']} {job['event']} {job['sink']}\n")
        how = job["sink"]
        once = Path(folder) / f"{how}-{job['jobid']}"
        if how.startswith("once-"):
            how = "fine" if once.exists() else how.removeprefix("once-")
            once.touch()
        if how == "crash":
            os._exit(7)
        if how == "hang":
            time.sleep(600)
        if how == "lost":
            raise StepError("the pump did not answer")
        if how == "bad":
            raise BadInputError("no tracking data")
        if how == "wrong":
            raise ZeroDivisionError("division by zero")
        while how == "gate" and not (Path(folder) / "gate").exists():
            time.sleep(0.05)
            tell("beat")
        if how == "slow":
            for _ in range(8):
                time.sleep(0.1)
                tell("beat")
        tell("publish", f"{job['task']} ran")
        return 3, how != "nothing"

    return work
