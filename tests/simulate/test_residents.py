"""People who do not exist, drawn so that real networks take them for people."""

import hashlib
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

from deepthink.detection.align import DlibChip
from deepthink.detection.opencv import CascadeDetector
from deepthink.embedding.dlib import DlibResnet
from deepthink.simulate.residents import Person, View, draw, glance, imagine

GREY = 150


def composite(person: Person, view: View, height: int = 340) -> np.ndarray:
    bust, opacity = draw(person, view, height)
    cover = opacity[..., None]
    return (bust * cover + GREY * (1 - cover)).astype(np.uint8)


def found(seeds, *, turned: bool) -> int:
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_alt2.xml")
    rng = np.random.default_rng(3)
    pictures = (composite(imagine(seed), glance(rng, turned)) for seed in seeds)
    return sum(len(cascade.detectMultiScale(picture, 1.1, 3, minSize=(60, 60))) > 0 for picture in pictures)


@pytest.fixture(scope="module")
def embedded():
    """Embeddings (6 people, 5 views, 128) of a few people in natural views, through the detector and aligner in use."""
    detector, aligner, rng = CascadeDetector(), DlibChip(), np.random.default_rng(8)
    crops = []
    for seed in range(700, 706):
        seen = []
        while len(seen) < 5:
            picture = composite(imagine(seed), glance(rng))
            if faces := detector.detect(picture):
                seen.append(aligner.align(picture, faces[0].box)[0])
        crops += seen
    return DlibResnet().embed(np.array(crops)).reshape(6, 5, 128)


def test_the_same_seed_is_drawn_with_the_same_bytes():
    view = View(yaw=9, pitch=-4, roll=3, smile=0.5, light=0.4)
    before = draw(imagine(7), view, 300)
    for other in range(40, 80):  # more than the caches hold
        draw(imagine(other), view, 60)
    after = draw(imagine(7), view, 300)
    assert [layer.tobytes() for layer in after] == [layer.tobytes() for layer in before]


def test_another_processor_draws_the_same_bytes():
    """OpenCV's float blur, remap and resize round differently with AVX-512, AVX2 and without."""
    script = (
        "import sys; from deepthink.simulate.residents import View, draw, imagine\n"
        "for s in range(5000, 5006): sys.stdout.buffer.write(draw(imagine(s), View(yaw=9, roll=4), 330)[0].tobytes())"
    )
    environments = ({}, {"OPENCV_CPU_DISABLE": "AVX512-SKX"}, {"OPENCV_CPU_DISABLE": "SSE4.2,AVX,FMA3,AVX2,AVX512-SKX"})
    runs = [
        subprocess.run([sys.executable, "-c", script], env=os.environ | e, capture_output=True) for e in environments
    ]
    assert all(run.returncode == 0 and len(run.stdout) == 6 * 330 * 330 * 3 for run in runs)
    assert len({hashlib.sha256(run.stdout).hexdigest() for run in runs}) == 1


def test_a_view_leaves_no_trace_in_the_next():
    first = draw(imagine(7), View(), 200)[0]
    draw(imagine(7), View(yaw=70), 200)
    draw(imagine(7), View(smile=1, mouth_open=1, brightness=0.7), 200)
    assert np.array_equal(draw(imagine(7), View(), 200)[0], first)


def test_glances_follow_the_generator_alone():
    one, same, other = (glance(np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert one == same
    assert one != other


def test_two_seeds_are_two_people():
    people = [imagine(seed) for seed in range(200)]
    measures = np.array([[p.wide, p.jaw, p.eye_apart, p.nose_long, p.mouth_wide, p.brow_thick, p.age] for p in people])
    spread = (measures - measures.mean(axis=0)) / measures.std(axis=0)
    apart = np.linalg.norm(spread[:, None] - spread[None], axis=2) + 9 * np.eye(len(people))
    assert apart.min() > 0.3
    one, other = (draw(person, View(), 200)[0].astype(int) for person in people[:2])
    assert np.abs(one - other).mean() > 5


def test_measures_do_not_follow_one_another():
    people = [imagine(seed) for seed in range(400)]
    names = ("wide", "high", "jaw", "chin", "eye_apart", "eye_high", "nose_wide", "mouth_wide", "lip_lower", "age")
    together = np.corrcoef([[getattr(person, name) for person in people] for name in names])
    assert np.abs(together - np.eye(len(names))).max() < 0.25


@pytest.mark.parametrize("height", [61, 240, 401])
def test_a_bust_has_the_asked_height_and_stands_free(height):
    bust, opacity = draw(imagine(1), View(), height)
    assert (bust.shape, bust.dtype) == ((height, height, 3), np.uint8)
    assert (opacity.shape, opacity.dtype) == ((height, height), np.float32)
    assert (opacity.min(), opacity.max()) == (0, 1)
    assert opacity[height // 2, height // 2] == 1
    assert not opacity[:3].any()
    assert opacity[-1].mean() > 0.5


def test_edges_are_smooth_and_not_rimmed_with_black():
    bust, opacity = draw(imagine(5001), View(), 320)
    edge = (opacity > 0.2) & (opacity < 0.8)
    assert edge.sum() > 300
    assert bust[:110][edge[:110]].mean() > 0.6 * bust[:110][opacity[:110] == 1].mean()


def test_a_turn_moves_the_nose_more_than_the_outline():
    def middle_of(weight):
        return np.average(np.arange(weight.shape[1]), weights=weight.sum(axis=0) + 1e-9)

    person = imagine(5008)
    (front, cover), (side, moved) = (draw(person, View(yaw=yaw), 320) for yaw in (0, 18))
    tip = 150 + round(person.eye_y + person.nose_long + 4)
    dark = [np.clip(60 - picture[tip - 3 : tip + 4, 130:200].mean(axis=2), 0, None) for picture in (front, side)]
    assert middle_of(dark[1]) - middle_of(dark[0]) > 10
    assert abs(middle_of(moved[60:230]) - middle_of(cover[60:230])) < 6


def test_the_back_of_a_head_shows_hair_where_the_face_was():
    person = imagine(5013)  # red hair, pale skin
    front, back = (draw(person, View(yaw=yaw), 320)[0][150:180, 140:180].mean(axis=(0, 1)) for yaw in (0, 70))
    hair, skin = np.array(person.hair), np.array(person.skin)
    assert np.linalg.norm(back - hair) < np.linalg.norm(back - skin)
    assert np.linalg.norm(front - skin) < np.linalg.norm(front - hair)


def test_light_from_one_side_brightens_that_side():
    left, right = (draw(imagine(5008), View(light=light), 320)[0][130:200].astype(int) for light in (-0.8, 0.8))
    assert left[:, 110:140].mean() > right[:, 110:140].mean() + 10
    assert right[:, 180:210].mean() > left[:, 180:210].mean() + 10


def test_the_cascade_finds_nine_of_ten():
    assert found(range(300, 360), turned=False) >= 54


def test_the_cascade_hardly_finds_who_is_turned_away():
    assert found(range(300, 360), turned=True) <= 6


def test_the_network_keeps_a_person_together_and_people_apart(embedded):
    flat, who = embedded.reshape(-1, 128), np.repeat(np.arange(6), 5)
    apart = np.linalg.norm(flat[:, None] - flat[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (who[apart.argmin(axis=1)] == who).all()
    same = who[:, None] == who[None]
    assert apart[same & np.isfinite(apart)].mean() < 0.3
    assert apart[~same].mean() > 0.45
