"""The main job on real photographs with the detector that needs a file: a file of its own, as it takes minutes."""

import json
import os

from tests.end_to_end.command import command
from tests.end_to_end.test_demo import check_photographs


def test_real_photographs_are_named_and_strangers_are_not_with_yunet(faces, yunet_folder, tmp_path):
    with_yunet = {**os.environ, "DEEPTHINK_WEIGHTS": str(yunet_folder)}
    command("simulate", tmp_path / "site", "--faces", faces)
    check_photographs(json.loads(command("run", tmp_path / "site", "--json", env=with_yunet).stdout))
