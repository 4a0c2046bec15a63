"""A small datasink, a pump over it in a thread, and SentinelCam's client as its libraries make it."""

from __future__ import annotations

import contextlib
import threading
from datetime import datetime, timedelta
from pathlib import Path

import cv2
import numpy as np

from deepthink.curation.locks import EventLocks
from deepthink.datasink.answers import Answers
from deepthink.datasink.folder import STAMP, FolderDatasink
from deepthink.datasink.pump import Pump

DAY = "2026-03-02"
EVENTS = ("a6a3a4506513270e269e0d37f2a74de4", "b6a3a4506513270e269e0d37f2a74de4")
START = datetime(2026, 3, 2, 8, 0, 0, 50631)
HEADER = "timestamp,objid,classname,rect_x1,rect_y1,rect_x2,rect_y2"


def picture(shade: int = 90) -> bytes:
    return cv2.imencode(".jpg", np.full((48, 64, 3), shade, np.uint8))[1].tobytes()


def make_site(folder: Path, events: tuple[str, ...] = EVENTS) -> Path:
    """Two events a minute apart, each with three pictures and a tracking set; the first has faces too."""
    data, images = folder / "data" / DAY, folder / "images" / DAY
    data.mkdir(parents=True)
    images.mkdir(parents=True)
    lines = []
    for number, event in enumerate(events):
        start = START + timedelta(minutes=number)
        lines.append(f"alpha5,PiCam3,{start.isoformat()},{event},640,480,trk\n")
        times = [start + timedelta(seconds=second) for second in (0, 0.5, 1)]
        for time in times:
            (images / f"{event}_{time.strftime(STAMP)}.jpg").write_bytes(picture(90 + number))
        rows = [f"{time.isoformat()},0,person: 0.9642,146,165,277,296\n" for time in times]
        (data / f"{event}_trk.csv").write_text(f"{HEADER}\n" + "".join(rows))
    lines.append(f"alpha5,PiCam3,{START.isoformat()},{events[0]},640,480,fd1\n")
    (data / f"{events[0]}_fd1.csv").write_text(f"{HEADER}\n{START.isoformat()},0,Face,10,20,30,40\n")
    (data / "camwatcher.csv").write_text("".join(lines))
    return folder


def answers(folder: Path, delete: bool = False) -> Answers:
    sink = FolderDatasink(folder / "data", folder / "images")

    def remove(date: str, event: str) -> None:
        sink.delete(next(one for one in sink.events(date) if one.event == event))

    locks = EventLocks(folder / "facelist.csv")
    return Answers(sink.data, sink.images, locks.locked, remove if delete else None)


@contextlib.contextmanager
def running(pump: Pump):
    """Serve from a thread as long as the body runs."""
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            pump.step(0.02)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield pump
    finally:
        ended.set()
        thread.join()
        pump.close()


def serving(folder: Path, delete: bool = False, **options):
    return running(Pump(answers(folder, delete), "tcp://127.0.0.1:*", **options))
