"""The pump beside one made as SentinelCam's is, in one run: ``python benchmarks/pump.py --pictures 1000 10000 100000``.

The other one is the plain way with SentinelCam's own libraries: one REP socket of imagezmq's hub, msgpack, a file read
for each picture, a day's folder listed for each `img`, pandas for each `evt`. Both run in processes of their own and
are asked by the same client, in turns; figures are medians over the turns.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import pickle
import sys
import tempfile
import time
import zlib
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import msgpack
import numpy as np
import zmq

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))
from deepthink.datasink.answers import Answers
from deepthink.datasink.folder import STAMP
from deepthink.datasink.pump import Pump

DAY, EVENT, START = "2026-03-02", "a" * 32, datetime(2026, 3, 2, 8)
PICTURES_OF_AN_EVENT, BYTES = 50, 30_000


def main() -> None:
    """Measure at each size of the day and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, nargs="+", default=[1000, 10_000, 100_000], help="of a day")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rows = [_measured(pictures, asked.turns) for pictures in asked.pictures]
    print(json.dumps(rows, indent=1) if asked.json else "\n".join(_line(row) for row in rows))


def _measured(pictures: int, turns: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        times = _fill(Path(folder), pictures)
        figures: dict[str, list[float]] = {}
        servers = {name: _started(work, folder) for name, work in (("ours", _ours), ("plain", _plain))}
        for _ in range(turns):
            for name, (_, address) in servers.items():
                for what, value in _asked(address, times, Path(folder)).items():
                    figures.setdefault(f"{name}_{what}", []).append(value)
        for process, _ in servers.values():
            process.terminate()
    return {"pictures": pictures, **{name: median(values) for name, values in figures.items()}}


def _fill(folder: Path, pictures: int) -> list[datetime]:
    """Make a day of so many pictures, of events of 50 each; returns the times of the event that is asked for."""
    data, images = folder / "data" / DAY, folder / "images" / DAY
    data.mkdir(parents=True)
    images.mkdir(parents=True)
    content = np.random.default_rng(0).bytes(BYTES)
    times = [START + timedelta(milliseconds=100 * k) for k in range(PICTURES_OF_AN_EVENT)]
    lines = []
    for number in range(max(1, pictures // PICTURES_OF_AN_EVENT)):
        event = EVENT if number == 0 else f"{number:032x}"
        lines.append(f"alpha5,PiCam3,{START.isoformat()}.000001,{event},640,480,trk\n")
        for time_ in times:
            (images / f"{event}_{time_.strftime(STAMP)}.jpg").write_bytes(content if number == 0 else b"x")
    (data / "camwatcher.csv").write_text("".join(lines))
    marks = "".join(f"{t.isoformat(timespec='microseconds')},0,person: 0.9,1,2,3,4\n" for t in times)
    (data / f"{EVENT}_trk.csv").write_text(f"timestamp,objid,classname,rect_x1,rect_y1,rect_x2,rect_y2\n{marks}")
    return times


def _started(work: Any, folder: str) -> tuple[Any, str]:
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=work, args=(folder, theirs), daemon=True)
    process.start()
    return process, mine.recv()


def _ours(folder: str, told: Any) -> None:
    answers = Answers(Path(folder) / "data", Path(folder) / "images", lambda date, event: False)
    pump = Pump(answers, "tcp://127.0.0.1:*")
    told.send(pump.address)
    pump.serve()


def _plain(folder: str, told: Any) -> None:
    import imagezmq

    hub = imagezmq.ImageHub("tcp://127.0.0.1:*", REQ_REP=True)
    socket = hub.zmq_socket
    told.send(socket.last_endpoint.decode())
    while True:
        request = msgpack.loads(socket.recv())
        socket.send_multipart([b'{"msg": "OK"}', _plain_answer(Path(folder), request)])


def _plain_answer(folder: Path, request: dict[str, str]) -> bytes:
    import pandas as pd

    date, event = request["date"], request["evt"]
    if request["cmd"] == "pic":
        return (folder / "images" / date / f"{event}_{request['frametime']}.jpg").read_bytes()
    if request["cmd"] == "img":
        names = sorted(one.name for one in (folder / "images" / date).iterdir() if one.name.startswith(event))
        return zlib.compress(pickle.dumps([datetime.strptime(name[-30:-4], STAMP) for name in names], 4))
    index = pd.read_csv(
        folder / "data" / date / "camwatcher.csv", parse_dates=["timestamp"],
        names=["node", "viewname", "timestamp", "event", "width", "height", "type"],
    )  # fmt: skip
    marks = pd.read_csv(folder / "data" / date / f"{event}_trk.csv", parse_dates=["timestamp"], dtype={"objid": str})
    marks["elapsed"] = marks["timestamp"] - index.loc[index["event"] == event]["timestamp"].min()
    return pickle.dumps(marks.sort_values("timestamp"), 4)


def _asked(address: str, times: list[datetime], folder: Path) -> dict[str, float]:
    socket = zmq.Context.instance().socket(zmq.REQ)
    socket.connect(address)

    def ask(**request: str) -> bytes:
        socket.send(msgpack.packb({"date": DAY, "evt": EVENT, **request}))
        return bytes(socket.recv_multipart()[1])

    names = [time_.strftime(STAMP) for time_ in times]
    assert ask(cmd="pic", frametime=names[0]) == (folder / "images" / DAY / f"{EVENT}_{names[0]}.jpg").read_bytes()
    assert pickle.loads(zlib.decompress(ask(cmd="img"))) == times
    figures = {
        "pictures_a_second": 2000 / _seconds(lambda k: ask(cmd="pic", frametime=names[k % len(names)]), 2000),
        "evt_ms": 1000 * _seconds(lambda k: ask(cmd="evt"), 20) / 20,
        "img_ms": 1000 * _seconds(lambda k: ask(cmd="img"), 20) / 20,
        "img_of_a_changing_day_ms": 1000 * _changing(folder, lambda: ask(cmd="img")),
    }
    socket.close()
    return figures


def _seconds(work: Any, count: int) -> float:
    began = time.perf_counter()
    for number in range(count):
        work(number)
    return time.perf_counter() - began


def _changing(folder: Path, ask: Any) -> float:
    """Ask while pictures of other events keep coming in."""
    spent = 0.0
    for number in range(20):
        name = f"{'b' * 32}_{(START + timedelta(microseconds=number)).strftime(STAMP)}.jpg"
        (folder / "images" / DAY / name).write_bytes(b"x")
        began = time.perf_counter()
        ask()
        spent += time.perf_counter() - began
        (folder / "images" / DAY / name).unlink()
    return spent / 20


def _line(row: dict[str, Any]) -> str:
    parts = [f"{row['pictures']:>8,} pictures a day:"]
    for what, unit in (("pictures_a_second", "pictures/s"), ("evt_ms", "ms evt"), ("img_ms", "ms img"),
                       ("img_of_a_changing_day_ms", "ms img, changing")):  # fmt: skip
        parts.append(f"{row[f'ours_{what}']:,.2f} {unit} (plain {row[f'plain_{what}']:,.2f});")
    return " ".join(parts)


if __name__ == "__main__":
    main()
