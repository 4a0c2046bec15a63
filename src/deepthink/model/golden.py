"""Golden probes: shipped with a version, so that the machine that receives it can show that it answers as it should."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from deepthink.errors import BadInputError, DeepthinkError
from deepthink.files import replacing, write_json
from deepthink.model.artifact import Recogniser, read_recogniser

PROBES, ANSWERS = "golden.npz", "golden.json"
CLOSE = 1e-5  # of probabilities and distances, between machines
MOST = 64


def write_golden(folder: Path, recogniser: Recogniser, probes: np.ndarray) -> None:
    """Write up to 64 probes, (probes, dimensions), and the answers that this recogniser gives them."""
    chosen = np.asarray(probes[np.linspace(0, len(probes) - 1, min(MOST, len(probes))).astype(int)], np.float32)
    with replacing(folder / PROBES) as beside, beside.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, probes=chosen)
    answers = [
        {"person": a.person, "probability": a.probability, "distance": a.distance} for a in recogniser.identify(chosen)
    ]
    write_json(folder / ANSWERS, answers)


def check_golden(folder: Path) -> int:
    """Load a version's recogniser and ask it the golden probes.

    Parameters
    ----------
    folder : Path
        Holds one recogniser_<version>.npz, its manifest, and the golden probes.

    Returns
    -------
    int
        How many probes were answered as they should be: all of them.

    Raises
    ------
    BadInputError
        An answer differs, or there is nothing to ask; DamagedVersionError when the recogniser cannot be read.
    """
    models = sorted(folder.glob("recogniser_*.npz"))
    if len(models) != 1:
        raise BadInputError(f"{folder} holds {len(models)} recognisers where one belongs")
    expected = json.loads((folder / ANSWERS).read_text(encoding="utf-8"))
    with np.load(folder / PROBES, allow_pickle=False) as file:
        answers = read_recogniser(models[0]).identify(file["probes"])
    if not expected or len(expected) != len(answers):
        raise BadInputError(f"{folder} has {len(answers)} golden probes and {len(expected)} answers")
    for number, (answer, should) in enumerate(zip(answers, expected, strict=True)):
        numbers = abs(answer.probability - should["probability"]), abs(answer.distance - should["distance"])
        if answer.person != should["person"] or max(numbers) > CLOSE:
            raise BadInputError(f"golden probe {number}: answered {answer.person}, should be {should['person']}")
    return len(expected)


def main(folder: str) -> int:
    """Check a folder and print what was found as one line of JSON; the exit code says whether it passed."""
    try:
        print(json.dumps({"answered": check_golden(Path(folder))}))
        return 0
    except (DeepthinkError, OSError, ValueError, KeyError, TypeError) as error:
        print(json.dumps({"error": str(error)}))
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
