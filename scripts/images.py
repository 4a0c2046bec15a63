"""Draws the pictures of the README from a demo: python scripts/images.py [DEMO_FOLDER]."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import cv2
from rich.console import Console

from deepthink.simulate.demo import read_summary
from deepthink.simulate.summary import as_text

IMAGES = Path(__file__).parents[1] / "docs/images"
BOXES = (
    ("datasink", "events, frames"),
    ("detect", "faces, quality"),
    ("recognise", "names or Unknown"),
    ("sweep", "candidates"),
    ("review", "a person confirms"),
    ("embed", "facedata"),
    ("train", "recogniser, baselines"),
    ("validate", "verdict"),
    ("publish", "a version"),
    ("deploy", "verified, or reverted"),
)
ARROW = (
    '<defs><marker id="a" markerWidth="9" markerHeight="9" refX="8" refY="4" orient="auto">'
    '<path d="M0,0 L9,4 L0,8 z" fill="#2a7f9e"/></marker></defs>'
)
WIDE, HIGH, GAP = 168, 62, 34


def flow() -> str:
    """Draw the road as two rows of boxes, and the way back."""
    parts = [_box(number, *box) for number, box in enumerate(BOXES)]
    across, down = 5 * (WIDE + GAP) + GAP, 2 * (HIGH + 60) + 40
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across} {down}" font-family="sans-serif">'
    back = _way(
        _middle(9, 1), (_middle(9, 1)[0], down - 12), (12, down - 12), (12, 20 + HIGH / 2), (GAP, 20 + HIGH / 2)
    )
    return "\n".join([head, f'<rect width="{across}" height="{down}" fill="#fff"/>', ARROW, *parts, back, "</svg>\n"])


def _place(number: int) -> tuple[float, float]:
    return GAP + number % 5 * (WIDE + GAP), 20 + number // 5 * (HIGH + 60)


def _middle(number: int, end: int) -> tuple[float, float]:
    x, y = _place(number)
    return x + WIDE / 2, y + HIGH * end


def _box(number: int, name: str, gives: str) -> str:
    x, y = _place(number)
    ink = "#d1495b" if name == "review" else "#2a7f9e"
    box = (
        f'<rect x="{x}" y="{y}" width="{WIDE}" height="{HIGH}" rx="9" fill="#f6fafb" stroke="{ink}" stroke-width="2"/>'
    )
    text = f'<text x="{x + WIDE / 2}" y="{y + 27}" text-anchor="middle" font-size="18" fill="#222">{name}</text>'
    below = f'<text x="{x + WIDE / 2}" y="{y + 47}" text-anchor="middle" font-size="13" fill="#666">{gives}</text>'
    return box + text + below + _onwards(number)


def _onwards(number: int) -> str:
    x, y = _place(number)
    if number == 4:
        left = _place(5)
        return _way(
            (x + WIDE / 2, y + HIGH), (x + WIDE / 2, y + HIGH + 30), (left[0] + WIDE / 2, y + HIGH + 30), _middle(5, 0)
        )
    return "" if number == 9 else _way((x + WIDE, y + HIGH / 2), (x + WIDE + GAP, y + HIGH / 2))


def _way(*points: tuple[float, float]) -> str:
    path = " ".join(f"{x},{y}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="#2a7f9e" stroke-width="2" marker-end="url(#a)"/>'


def main() -> None:
    """Draw all pictures."""
    demo = Path(sys.argv[1] if len(sys.argv) > 1 else "demo")
    IMAGES.mkdir(parents=True, exist_ok=True)
    (IMAGES / "flow.svg").write_text(flow())
    summary = read_summary(demo)
    shown = {**summary, "report": "demo/registry/alpha/report.html", "pictures": "demo/montages"}
    console = Console(record=True, width=112, file=io.StringIO())
    console.print("$ make demo\n" + as_text(shown), markup=False, highlight=False)
    (IMAGES / "demo.svg").write_text(console.export_svg(title="deepthink demo"))
    sheet = cv2.imread(str(demo / "montages/unknown-Unknown-1.png"))
    cv2.imwrite(str(IMAGES / "montage.png"), sheet[: 40 + 3 * 164])


if __name__ == "__main__":
    main()
