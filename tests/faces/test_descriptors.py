"""HOG and LBP: sizes, values that can be worked out, and what they ignore."""

import numpy as np
import pytest

from deepsense_lib.errors import InputError
from deepsense_lib.faces.descriptors import DIRECTIONS, WAVES, gabor, hog, lbp, pixels
from deepsense_lib.formulas.descriptors import gabor_energy

pytest.importorskip("cv2")
pytest.importorskip("skimage")


def pictures(count=3, size=64, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, size, size), dtype=np.uint8)


@pytest.mark.parametrize(("describe", "features"), [(hog, 1764), (lbp, 3776), (gabor, 1536), (pixels, 1024)])
def test_sizes_and_independence_of_the_batch(describe, features):
    images = pictures()
    together = describe(images)
    assert together.shape == (3, features)
    assert together.dtype == np.float32
    np.testing.assert_array_equal(together[1:2], describe(images[1:2]))


def test_lbp_histograms_are_shares():
    shares = lbp(pictures()).reshape(3, 64, 59) ** 2
    np.testing.assert_allclose(shares.sum(axis=2), 1, rtol=1e-5)


def test_lbp_forgets_a_constant_and_a_factor():
    images = pictures() // 3
    # Between pixels the values are interpolated, so a few ties are rounded to the other side.
    assert np.mean(~np.isclose(lbp(images), lbp(images * 2 + 40))) < 0.02


def test_hog_forgets_a_constant_and_knows_directions():
    ramp = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (64, 1))
    along, across = hog(ramp[None]), hog(ramp.T[None])
    np.testing.assert_allclose(hog(ramp[None] // 2 + 20), along, atol=0.05)
    # Gradients to the right fall into other bins than gradients downwards.
    assert set(np.flatnonzero(along.reshape(-1, 9).sum(0) > 1)).isdisjoint(
        np.flatnonzero(across.reshape(-1, 9).sum(0) > 1)
    )


def test_gabor_bank_is_made_of_the_formula():
    images = pictures(2)
    found = gabor(images).reshape(2, len(WAVES), len(DIRECTIONS), 8, 8)
    for k, wave in enumerate(WAVES):
        for d, degrees in enumerate(DIRECTIONS):
            energy = gabor_energy(images[1], wave, degrees, wave / 2)
            expected = energy.reshape(8, 8, 8, 8).mean((1, 3))
            np.testing.assert_allclose(found[1, k, d], expected, rtol=1e-5)


def test_pixels_are_means_of_four():
    images = pictures(1)
    assert pixels(images)[0, 33] == images[0, 2:4, 2:4].mean()


@pytest.mark.parametrize("describe", [hog, lbp, gabor, pixels])
@pytest.mark.parametrize(
    "images",
    [
        np.zeros((64, 64), np.uint8),
        np.zeros((0, 64, 64), np.uint8),
        np.zeros((1, 60, 64), np.uint8),
        np.zeros((1, 64, 64)),
        np.zeros((1, 8, 8), np.uint8),
    ],
)
def test_other_images_are_named(describe, images):
    with pytest.raises(InputError, match="Expected uint8"):
        describe(images)
