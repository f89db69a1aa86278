"""Films: counts, kinship of frames, and the same film twice."""

import numpy as np
import pytest

from deepsense_lib.errors import InputError
from deepsense_lib.faces.clips import film


def test_film_has_what_was_ordered_and_is_repeatable():
    found = film([3000, 3001], 1, 2, seed=4, size=32)
    assert found.images.shape == (28, 32, 32)
    assert found.images.dtype == np.uint8
    assert np.bincount(found.labels).tolist() == [4] * 7
    assert np.unique(found.person).tolist() == [3000, 3001]
    assert np.bincount(found.clip).tolist() == [2] * 14
    for k in range(14):
        rows = found.clip == k
        assert len(set(found.person[rows])) == len(set(found.labels[rows])) == 1
    again = film([3000, 3001], 1, 2, seed=4, size=32)
    np.testing.assert_array_equal(found.images, again.images)


def test_frames_of_a_clip_are_nearly_the_same():
    found = film([3000], 2, 2, seed=1, size=32)
    x = found.images.astype(float)
    inside = np.abs(x[::2] - x[1::2]).mean()
    across = np.abs(x[::4] - x[2::4]).mean()  # same person and class, another clip
    assert inside < across / 2
    assert inside > 0.5


def test_empty_films_are_refused():
    with pytest.raises(InputError, match="expected 1 at least"):
        film([], 1, 1)
    with pytest.raises(InputError, match="expected 1 at least"):
        film([1], 0, 1)
