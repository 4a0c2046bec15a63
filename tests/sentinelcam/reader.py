"""Runs on a node: reads tables with its own pandas, or writes them as SentinelCam's pump does."""

import io
import json
import pickle
import sys

import pandas as pd

INDEX = ["node", "viewname", "timestamp", "event", "width", "height", "type"]
TYPES = {"objid": str, **{f"rect_{side}": "Int64" for side in ("x1", "x2", "y1", "y2")}}
SETS = "timestamp,objid,classname,rect_x1,rect_y1,rect_x2,rect_y2\n"
MARKS = (
    "2026-03-02T08:00:01.087825,1,Zoë: 67.54% (0.868943|0.095574|0|1),1,,2,3\n"
    "2026-03-02T08:00:00.087825,0,person: 0.9,146,165,277,296\n"
)
LINES = (
    "alpha5,PiCam3,2026-03-02T08:00:00.050631,a6a3,640,480,trk\n"
    "east,PiCam3,2026-03-02T08:01:00.050631,b6a3,640,480,trk\n"
    "alpha5,PiCam3,2026-03-02T08:00:00.050631,a6a3,640,480,fd1\n"
)


def shown(file):
    table = pd.read_pickle(file)
    types = {name: str(kind) for name, kind in table.dtypes.items()}
    return {"types": types, "index": [int(n) for n in table.index], "rows": json.loads(table.astype(str).to_json())}


def written(folder):
    index = pd.read_csv(io.StringIO(LINES), names=INDEX, parse_dates=["timestamp"]).sort_values(
        "timestamp", ascending=False
    )
    marks = pd.read_csv(io.StringIO(SETS + MARKS), dtype=TYPES, parse_dates=["timestamp"])
    marks["elapsed"] = marks["timestamp"] - index["timestamp"].min()
    tables = {
        "index": index, "marks": marks.sort_values("timestamp"), "none": pd.DataFrame(columns=SETS.strip().split(",")),
        "header": pd.read_csv(io.StringIO(SETS), dtype=TYPES, parse_dates=["timestamp"]),
    }  # fmt: skip
    for name, table in tables.items():
        with open(f"{folder}/{name}.pickle", "wb") as file:
            pickle.dump(table, file, protocol=4)
    return sorted(tables)


if __name__ == "__main__":
    print(json.dumps({"read": shown, "write": written}[sys.argv[1]](sys.argv[2])))
