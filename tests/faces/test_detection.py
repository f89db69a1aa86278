import numpy as np
import pytest
import skimage.data

from deepsense_lib.errors import InputError
from deepsense_lib.faces.detection import detect
from deepsense_lib.faces.expressions import CLASSES, prototype
from deepsense_lib.faces.identity import sample_identity
from deepsense_lib.faces.renderer import render
from deepsense_lib.faces.scene import Scene


def encloses(box, place):
    x, y = place
    return box.left < x < box.left + box.size and box.top < y < box.top + box.size


@pytest.mark.parametrize("size", [64, 128])
def test_finds_the_face_of_each_class(size):
    for label, name in enumerate(CLASSES):
        zoom = 1.2 if size == 64 else 0.8
        shown = render(sample_identity(400 + label), prototype(name), Scene(zoom=zoom, seed=label), size)
        boxes = detect(shown.grey)
        assert len(boxes) == 1
        assert all(encloses(boxes[0], eye) for eye in shown.eyes)
        assert encloses(boxes[0], shown.landmarks[48:].mean(0))


def test_grey_and_colour_agree(portrait):
    assert detect(portrait.image) == detect(portrait.grey)


def test_several_faces_come_largest_first(portrait):
    canvas = np.full((180, 360), 120, np.uint8)
    small = render(sample_identity(401), prototype("neutral"), Scene(zoom=0.8, seed=1), 100)
    canvas[40:140, 20:120] = small.grey
    canvas[30:158, 190:318] = portrait.grey
    boxes = detect(canvas)
    assert len(boxes) == 2
    assert boxes[0].size > boxes[1].size
    assert encloses(boxes[0], portrait.eyes[0] + [190, 30])
    assert encloses(boxes[1], small.eyes[0] + [20, 40])


def test_finds_the_face_of_a_photograph():
    boxes = detect(skimage.data.astronaut())
    assert len(boxes) == 1
    column, row = boxes[0].centre
    assert 180 < column < 265
    assert 80 < row < 170


@pytest.mark.parametrize("kind", ["plain", "noise", "stripes", "grass"])
def test_no_face_gets_advice(kind):
    pictures = {
        "plain": np.full((100, 100), 128, np.uint8),
        "noise": np.random.default_rng(0).integers(0, 256, (100, 100), np.uint8),
        "stripes": np.tile(np.arange(120, dtype=np.uint8) * 16, (120, 1)),
        "grass": skimage.data.grass(),
    }
    with pytest.raises(InputError, match=r"no face found .* Turn the picture upright"):
        detect(pictures[kind])


@pytest.mark.parametrize(
    ("shape", "kind"), [((50, 50), "f8"), ((50, 50, 4), "u1"), ((50,), "u1"), ((0, 4), "u1")]
)
def test_what_is_no_picture_is_refused(shape, kind):
    with pytest.raises(InputError, match="expected a picture"):
        detect(np.zeros(shape, kind))
