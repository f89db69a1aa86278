"""LBP, HOG and Gabor: equal to scikit-image and OpenCV, and blind to what they should not see."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.formulas import descriptors

SHAPES = [(16, 16), (11, 23), (64, 64)]


def picture(shape=(16, 16), seed=0, most=256):
    return np.random.default_rng(seed).integers(0, most, shape, dtype=np.uint8)


@pytest.mark.proves("eq-lbp")
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("points", "radius"), [(8, 1), (4, 1), (8, 2), (16, 2), (12, 1.5)])
@pytest.mark.parametrize("most", [256, 4])  # few grey values: many ties
def test_lbp_equals_scikit_image(shape, points, radius, most):
    feature = pytest.importorskip("skimage.feature")
    x = picture(shape, most=most)
    ours = descriptors.local_binary_pattern(x, points, radius, on_grid=False)
    np.testing.assert_array_equal(ours, feature.local_binary_pattern(x, points, radius, "default"))


def test_lbp_on_the_grid_asks_the_eight_neighbours():
    x = picture((7, 9), 3).astype(int)
    codes = descriptors.local_binary_pattern(x)
    around = [(0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1)]
    for i in range(1, 6):
        for j in range(1, 8):
            bits = [x[i + a, j + b] >= x[i, j] for a, b in around]
            assert codes[i, j] == sum(bit << p for p, bit in enumerate(bits))


@given(st.integers(0, 1000), st.lists(st.integers(1, 9), min_size=64, max_size=64))
@settings(max_examples=40, deadline=None)
def test_lbp_on_the_grid_ignores_every_rising_change_of_grey(seed, steps):
    x = picture((10, 12), seed, most=64)
    curve = np.cumsum(steps)  # any rising table of 64 grey values
    plain, bent = descriptors.local_binary_pattern(x), descriptors.local_binary_pattern(curve[x])
    np.testing.assert_array_equal(plain[1:-1, 1:-1], bent[1:-1, 1:-1])


def test_interpolated_lbp_ignores_only_straight_changes():
    x = picture((40, 40), 1).astype(float)
    plain = descriptors.local_binary_pattern(x, on_grid=False)[1:-1, 1:-1]
    straight = descriptors.local_binary_pattern(2 * x + 7, on_grid=False)[1:-1, 1:-1]
    bent = descriptors.local_binary_pattern(x**3, on_grid=False)[1:-1, 1:-1]
    assert (plain == straight).mean() > 0.999
    assert (plain == bent).mean() < 0.9


@pytest.mark.proves("eq-lbp-uniform")
@pytest.mark.parametrize("points", [4, 8, 12])
def test_uniform_patterns_equal_scikit_image(points):
    feature = pytest.importorskip("skimage.feature")
    x = picture((60, 60), most=40)
    codes = descriptors.local_binary_pattern(x, points, 1, on_grid=False)
    ours = descriptors.uniform_pattern(codes, points)
    np.testing.assert_array_equal(ours, feature.local_binary_pattern(x, points, 1, "nri_uniform"))
    every = descriptors.uniform_pattern(np.arange(1 << points), points)
    assert len(np.unique(every)) == points * (points - 1) + 3
    with pytest.raises(ValueError, match="expected whole numbers"):
        descriptors.uniform_pattern(np.array([1 << points]), points)


def test_turning_the_circle_keeps_a_pattern_uniform():
    bits = np.arange(256)
    turned = (bits << 1 | bits >> 7) & 255
    np.testing.assert_array_equal(
        descriptors.uniform_pattern(bits) == 58, descriptors.uniform_pattern(turned) == 58
    )


def hog_of(x, cell=8, block=2, bins=9):
    down, right = descriptors.image_gradient(x)
    return descriptors.normalize_blocks(descriptors.orientation_histogram(down, right, cell, bins), block)


@pytest.mark.proves("eq-image-gradient")
@pytest.mark.proves("eq-hog-cell")
@pytest.mark.proves("eq-hog-block")
@pytest.mark.parametrize(
    ("shape", "cell", "block", "bins"),
    [
        ((64, 64), 8, 2, 9),
        ((32, 48), 8, 2, 9),
        ((40, 30), 5, 3, 6),
        ((33, 35), 8, 1, 8),
        ((64, 64), 16, 2, 4),
    ],
)
def test_hog_equals_scikit_image(shape, cell, block, bins):
    feature = pytest.importorskip("skimage.feature")
    x = picture(shape).astype(float)
    theirs = feature.hog(x, bins, (cell, cell), (block, block), "L2-Hys", feature_vector=False)
    # scikit-image adds up in single precision.
    np.testing.assert_allclose(hog_of(x, cell, block, bins), theirs, rtol=1e-5, atol=1e-6)


def test_hog_ignores_constants_factors_and_negatives():
    x = picture((32, 32)).astype(float)
    for other in (x + 40, 3 * x, 255 - x):
        np.testing.assert_allclose(hog_of(other), hog_of(x), atol=1e-6)
    with pytest.raises(ValueError, match="smaller than a cell"):
        hog_of(picture((6, 6)))
    with pytest.raises(ValueError, match="a block needs"):
        hog_of(picture((8, 8)))


def opencv_hog(x):
    """OpenCV's descriptor from our soft votes, with its mirrored border and its two small constants."""
    padded = np.pad(x.astype(float), 1, mode="reflect")
    right, down = padded[1:-1, 2:] - padded[1:-1, :-2], padded[2:, 1:-1] - padded[:-2, 1:-1]
    length, degrees = np.hypot(down, right), np.rad2deg(np.arctan2(down, right)) % 180
    found = []
    for left in range(0, x.shape[1] - 15, 8):  # blocks run down the columns first
        for top in range(0, x.shape[0] - 15, 8):
            place = slice(top, top + 16), slice(left, left + 16)
            votes = descriptors.soft_votes(length[place], degrees[place]).transpose(1, 0, 2).ravel()
            votes = np.minimum(votes / (np.linalg.norm(votes) + 0.1 * votes.size), 0.2)
            found.append(votes / (np.linalg.norm(votes) + 1e-3))
    return np.concatenate(found)


@pytest.mark.proves("eq-hog-soft")
@pytest.mark.parametrize("shape", [(16, 16), (64, 64), (32, 48)])
def test_soft_votes_rebuild_opencv(shape):
    cv2 = pytest.importorskip("cv2")
    x = cv2.GaussianBlur(picture(shape), (0, 0), 1.5)
    describe = cv2.HOGDescriptor(shape[::-1], (16, 16), (8, 8), (8, 8), 9)
    np.testing.assert_allclose(opencv_hog(x), describe.compute(x).ravel(), atol=2e-3)


def test_soft_votes_of_one_pixel():
    length, degrees = np.zeros((16, 16)), np.zeros((16, 16))
    length[8, 8], degrees[8, 8] = 1, 30  # the block's centre; 30 degrees lies half way between 10 and 50
    votes = descriptors.soft_votes(length, degrees)
    assert votes.sum() == pytest.approx(1)
    assert votes[0, 0].sum() == pytest.approx((7 / 16) ** 2)
    assert votes.sum((0, 1))[1] == pytest.approx(1)  # 30 degrees is the middle of the second of nine bins
    degrees[8, 8] = 175
    np.testing.assert_allclose(descriptors.soft_votes(length, degrees).sum((0, 1))[[8, 0]], [0.75, 0.25])
    with pytest.raises(ValueError, match="expected"):
        descriptors.soft_votes(length[:8], degrees[:8])


@pytest.mark.proves("eq-gabor")
@pytest.mark.parametrize("degrees", [0, 30, 90, 137])
@pytest.mark.parametrize(("wavelength", "sigma", "ratio"), [(4, 2, 1), (7.5, 3, 0.5), (10, 4, 2)])
@pytest.mark.parametrize("phase", [0, np.pi / 2, 1.0])
def test_gabor_equals_opencv_and_scikit_image(degrees, wavelength, sigma, ratio, phase):
    cv2 = pytest.importorskip("cv2")
    filters = pytest.importorskip("skimage.filters")
    ours = descriptors.gabor_kernel(wavelength, degrees, sigma, ratio, phase, half=10)
    # OpenCV turns the finished kernel by 180 degrees, as for a mathematician's convolution.
    theirs = cv2.getGaborKernel((21, 21), sigma, np.deg2rad(degrees), wavelength, ratio, phase)
    np.testing.assert_allclose(ours[::-1, ::-1], theirs, atol=1e-6)
    # scikit-image returns both phases as one complex kernel, divided by the Gaussian's area, and chooses its
    # size itself.
    complex_one = filters.gabor_kernel(
        1 / wavelength, np.deg2rad(degrees), sigma_x=sigma, sigma_y=sigma / ratio, n_stds=3, offset=phase
    )
    half = np.array(complex_one.shape) // 2
    size = int(half.max())
    larger = descriptors.gabor_kernel(wavelength, degrees, sigma, ratio, phase, half=size)
    cut = larger[size - half[0] : size + half[0] + 1, size - half[1] : size + half[1] + 1]
    np.testing.assert_allclose(
        cut / (2 * np.pi * sigma * sigma / ratio), complex_one.real, rtol=1e-7, atol=1e-12
    )


@pytest.mark.proves("eq-gabor-energy")
@pytest.mark.parametrize("degrees", [0, 45, 110])
def test_energy_equals_two_correlations(degrees):
    ndimage = pytest.importorskip("scipy.ndimage")
    x = picture((24, 30)).astype(float)
    even = descriptors.gabor_kernel(6, degrees, 3)
    flat = descriptors.gabor_kernel(1e9, degrees, 3)
    even = even - flat * even.sum() / flat.sum()
    odd = descriptors.gabor_kernel(6, degrees, 3, phase=-np.pi / 2)
    expected = np.hypot(*(ndimage.correlate(x, kernel, mode="mirror") for kernel in (even, odd)))
    np.testing.assert_allclose(descriptors.gabor_energy(x, 6, degrees, 3), expected, atol=1e-8)


def test_energy_finds_the_stripes_and_ignores_their_place_and_even_light():
    columns = np.arange(64)
    for start in (0, 1.5, 3):
        waves = np.tile(100 + 50 * np.cos(2 * np.pi * (columns - start) / 8), (64, 1))
        inside = descriptors.gabor_energy(waves, 8, 0, 4)[16:-16, 16:-16]
        across = descriptors.gabor_energy(waves, 8, 90, 4)[16:-16, 16:-16]
        assert inside.std() < 0.03 * inside.mean()
        assert across.max() < 0.05 * inside.mean()
        np.testing.assert_allclose(
            descriptors.gabor_energy(waves + 60, 8, 0, 4), descriptors.gabor_energy(waves, 8, 0, 4), atol=1e-6
        )
    with pytest.raises(ValueError, match="too small"):
        descriptors.gabor_energy(waves[:8, :8], 8, 0, 4)
    with pytest.raises(ValueError, match="positive"):
        descriptors.gabor_kernel(0, 0, 1)


def test_the_shipped_descriptor_is_built_of_these():
    feature = pytest.importorskip("skimage.feature")
    from deepsense_lib.faces.descriptors import lbp

    x = picture((64, 64))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        patterns = feature.local_binary_pattern(x, 8, 1, "nri_uniform").astype(int)
    ours = descriptors.uniform_pattern(descriptors.local_binary_pattern(x, on_grid=False))
    np.testing.assert_array_equal(ours, patterns)
    counts = np.array(
        [
            np.bincount(ours[i : i + 8, j : j + 8].ravel(), minlength=59)
            for i in range(0, 64, 8)
            for j in range(0, 64, 8)
        ]
    )
    np.testing.assert_allclose(np.sqrt(counts / 64).ravel(), lbp(x[None])[0], atol=1e-6)
