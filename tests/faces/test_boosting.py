"""Windows and features of the small detector."""

import numpy as np
import pytest

from deepsense_lib.errors import InputError
from deepsense_lib.faces import boosting
from deepsense_lib.faces.detection import Box

pytest.importorskip("cv2")
pytest.importorskip("skimage")


@pytest.mark.parametrize("side", [4, 6])
def test_number_of_features_equals_scikit_image(side):
    from skimage.feature import haar_like_feature_coord

    assert sum(1 for _ in boosting.all_features(side)) == len(haar_like_feature_coord(side, side)[1])


def test_features_fit_and_are_balanced():
    features = boosting.some_features(300, 1)
    assert features == boosting.some_features(300, 1)
    flat = np.full((2, 24, 24), 9.0)
    np.testing.assert_allclose(boosting.feature_values(flat, features), 0)
    for feature in features:
        assert sum(weight * height * width for weight, _, _, height, width in feature) == 0
        assert all(
            top + height <= 24 and left + width <= 24 and min(top, left) >= 0
            for _, top, left, height, width in feature
        )


def test_values_ignore_brightness_and_contrast():
    windows = np.random.default_rng(0).integers(0, 120, (4, 24, 24), dtype=np.uint8)
    features = boosting.some_features(50)
    plain = boosting.feature_values(windows, features)
    np.testing.assert_allclose(boosting.feature_values(windows * 2 + 10, features), plain, atol=1e-3)
    with pytest.raises(InputError, match="expected"):
        boosting.feature_values(windows[0], features)


def test_windows_have_the_right_size_and_place():
    tiles = np.random.default_rng(0).integers(0, 256, (2, 64, 64), dtype=np.uint8)
    assert boosting.face_windows(tiles).shape == (2, 24, 24)
    cut = boosting.background_windows([tiles[0]], 5)
    assert cut.shape == (5, 24, 24)
    np.testing.assert_array_equal(cut, boosting.background_windows([tiles[0]], 5))
    windows, boxes = boosting.scan(tiles[0], (24, 48), step=4)
    assert len(windows) == len(boxes) == 11 * 11 + 3 * 3
    np.testing.assert_array_equal(windows[12], tiles[0][4:28, 4:28])
    assert (boxes[12].left, boxes[12].top, boxes[12].size) == (4, 4, 24)
    assert (boxes[-1].left, boxes[-1].top, boxes[-1].size) == (16, 16, 48)


def test_boxes_of_shipped_faces_are_the_windows():
    from deepsense_lib.datasets.faces import load_faces

    faces = load_faces("lesson", "test")
    true = Box(4, 4, 56)
    shares = [boosting.overlap(boosting.box_of(eyes), true) for eyes in faces.eyes[::20]]
    assert np.mean(shares) > 0.8


def test_overlap():
    assert boosting.overlap(Box(0, 0, 2), Box(0, 0, 2)) == 1
    assert boosting.overlap(Box(0, 0, 2), Box(5, 0, 2)) == 0
    assert boosting.overlap(Box(0, 0, 2), Box(1, 0, 2)) == pytest.approx(2 / 6)
