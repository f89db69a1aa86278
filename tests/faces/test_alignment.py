import numpy as np
import pytest

from deepsense_lib.errors import InputError
from deepsense_lib.faces.alignment import EYES_IN_CROP, align, eyes_in, similarity
from deepsense_lib.faces.detection import Box, detect
from deepsense_lib.faces.expressions import prototype
from deepsense_lib.faces.identity import sample_identity
from deepsense_lib.faces.renderer import render
from deepsense_lib.faces.scene import Scene


def spots(eyes, shape=(200, 240)):
    """Two bright Gaussian spots at the eyes."""
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]] + 0.5
    total = sum(np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 18) for x, y in eyes)
    return np.rint(255 * np.clip(total, 0, 1)).astype(np.uint8)


@pytest.mark.parametrize("size", [48, 64, 128])
@pytest.mark.parametrize("eyes", [[(90, 80), (140, 80)], [(80, 70), (150, 110)], [(100, 60), (112, 55)]])
def test_eyes_come_to_the_promised_points(eyes, size):
    crop = align(spots(eyes), size=size, eyes=eyes).astype(float)
    assert crop.shape == (size, size)
    rows, columns = np.mgrid[0:size, 0:size] + 0.5
    for side, target in zip((columns < size / 2, columns >= size / 2), EYES_IN_CROP * size, strict=True):
        weight = crop * side
        found = np.array([(weight * columns).sum(), (weight * rows).sum()]) / weight.sum()
        np.testing.assert_allclose(found, target, atol=0.6 * size / 64)


@pytest.mark.parametrize("seed", range(5))
def test_similarity_keeps_angles_and_ratios(seed):
    rng = np.random.default_rng(seed)
    source, target = rng.normal(size=(2, 2, 2))
    matrix = similarity(source, target)
    np.testing.assert_allclose(source @ matrix[:, :2].T + matrix[:, 2], target)
    gram = matrix[:, :2].T @ matrix[:, :2]
    np.testing.assert_allclose(gram, gram[0, 0] * np.eye(2), atol=1e-12)
    assert np.linalg.det(matrix[:, :2]) > 0


def test_a_detected_face_is_cut_like_the_training_pictures():
    errors = []
    for person in range(420, 426):
        shown = render(sample_identity(person), prototype("neutral"), Scene(zoom=0.7, seed=person), 160)
        box = detect(shown.grey)[0]
        assert align(shown.image, box).shape == (64, 64)
        errors.append((shown.eyes - eyes_in(box)) / box.size)
    errors = np.array(errors)
    assert np.abs(errors.mean(0)).max() < 0.03
    assert np.abs(errors).max() < 0.10


def test_a_tilted_face_is_turned_upright():
    straight, tilted = (
        render(sample_identity(425), prototype("neutral"), Scene(zoom=0.8, roll=roll, distance=1e4), 256)
        for roll in (0.0, 25.0)
    )
    one, other = (align(shown.grey, size=64, eyes=shown.eyes).astype(float) for shown in (straight, tilted))
    middle = slice(12, 52)
    assert np.corrcoef(one[middle, middle].ravel(), other[middle, middle].ravel())[0, 1] > 0.95


def test_large_faces_are_averaged_not_sampled():
    stripes = np.tile(np.array([0, 255], np.uint8), (800, 400))
    crop = align(stripes, size=64, eyes=[(300, 300), (500, 300)])
    assert np.abs(crop.astype(int) - 128).max() < 40


def test_a_face_at_the_border_repeats_the_border():
    crop = align(np.full((60, 60), 77, np.uint8), eyes=[(2, 5), (20, 5)])
    assert (crop == 77).all()


PICTURE = np.zeros((60, 60), np.uint8)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: align(PICTURE),
        lambda: align(PICTURE, Box(1, 1, 20), eyes=[(1, 1), (9, 1)]),
        lambda: align(PICTURE, eyes=[(5, 5), (5, 5)]),
        lambda: align(PICTURE, eyes=[(9, 5), (5, 5)]),
        lambda: align(PICTURE, eyes=[(float("nan"), 5), (9, 5)]),
        lambda: align(PICTURE, eyes=[(1, 2, 3)]),
        lambda: align(PICTURE, Box(1, 1, 20), size=0),
        lambda: align(PICTURE.astype(float), Box(1, 1, 20)),
    ],
)
def test_what_cannot_be_aligned_is_refused(wrong):
    with pytest.raises(InputError, match=r"expected|exactly one"):
        wrong()
