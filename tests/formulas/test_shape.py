"""Similarity transforms, Procrustes and shape models against scikit-image, SciPy and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.formulas import shape


def pair(points=12, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(points, 2)) * 5 + 3, rng.normal(size=(points, 2)) + np.array([9, -4])


def turned(x, degrees, scale=1.0, shift=(0.0, 0.0)):
    a = np.deg2rad(degrees)
    return scale * x @ np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]).T + shift


@pytest.mark.proves("eq-similarity-fit")
@pytest.mark.proves("eq-similarity")
@pytest.mark.parametrize("points", [2, 3, 12, 68])
@pytest.mark.parametrize("seed", range(4))
def test_fit_equals_scikit_image(points, seed):
    transform = pytest.importorskip("skimage.transform")
    source, target = pair(points, seed)
    ours = shape.fit_similarity(source, target)
    theirs = transform.SimilarityTransform.from_estimate(source, target)
    np.testing.assert_allclose(ours.scale, theirs.scale, rtol=1e-9)
    np.testing.assert_allclose(ours.scale * ours.rotation, theirs.params[:2, :2], atol=1e-9)
    np.testing.assert_allclose(ours.shift, theirs.translation, atol=1e-8)
    np.testing.assert_allclose(shape.apply_similarity(source, ours), theirs(source), atol=1e-8)


@given(st.floats(-180, 180), st.floats(0.1, 10), st.floats(-50, 50), st.floats(-50, 50))
@settings(max_examples=50, deadline=None)
def test_a_similarity_is_found_again(degrees, scale, right, down):
    source, _ = pair()
    target = turned(source, degrees, scale, (right, down))
    found = shape.fit_similarity(source, target)
    assert found.scale == pytest.approx(scale, rel=1e-8)
    np.testing.assert_allclose(shape.apply_similarity(source, found), target, atol=1e-8)
    assert shape.procrustes_distance(source, target) < 1e-12


def test_a_mirror_image_is_not_turned_over():
    source, _ = pair()
    found = shape.fit_similarity(source, source * [-1, 1])
    assert np.linalg.det(found.rotation) == pytest.approx(1)
    assert shape.procrustes_distance(source, source * [-1, 1]) > 0.1


def test_no_other_similarity_is_nearer():
    source, target = pair(8, 3)
    best = shape.fit_similarity(source, target)
    error = ((shape.apply_similarity(source, best) - target) ** 2).sum()
    rng = np.random.default_rng(0)
    for _ in range(200):
        turn = turned(np.eye(2), rng.normal() * 20).T
        other = shape.Similarity(
            best.scale * np.exp(rng.normal() * 0.1),
            turn @ best.rotation,
            best.shift + rng.normal(size=2) * 0.3,
        )
        assert ((shape.apply_similarity(source, other) - target) ** 2).sum() >= error


@pytest.mark.proves("eq-procrustes-distance")
def test_distance_equals_scipy_where_no_mirror_helps():
    spatial = pytest.importorskip("scipy.spatial")
    compared = 0
    for seed in range(12):
        source, noise = pair(10, seed)
        for target in (source + 0.5 * noise, noise):
            theirs = spatial.procrustes(source, target)[2]
            ours = shape.procrustes_distance(source, target)
            assert ours >= theirs - 1e-12  # SciPy also turns shapes over
            if np.linalg.det((target - target.mean(0)).T @ (source - source.mean(0))) > 0:
                np.testing.assert_allclose(ours, theirs, atol=1e-12)
                np.testing.assert_allclose(ours, shape.procrustes_distance(target, source), atol=1e-12)
                compared += 1
    assert compared >= 10


@pytest.mark.parametrize(
    ("source", "target"),
    [(np.zeros((3, 2)), np.ones((3, 2))), (np.ones((3, 3)), np.ones((3, 3))), (np.eye(2), np.ones((3, 2)))],
)
def test_useless_shapes_are_named(source, target):
    with pytest.raises(ValueError, match=r"expected"):
        shape.fit_similarity(source, target)


def test_a_target_without_extent_is_named():
    with pytest.raises(ValueError, match="target coincide"):
        shape.procrustes_distance(pair()[0], np.ones((12, 2)))


def family(n=30, points=6, seed=0):
    """One shape, varied along one hidden direction, each copy placed, sized and turned at random."""
    rng = np.random.default_rng(seed)
    base, way = rng.normal(size=(points, 2)), 0.05 * rng.normal(size=(points, 2))
    return np.array(
        [
            turned(base + rng.normal() * way, rng.uniform(-40, 40), rng.uniform(0.5, 4), rng.normal(size=2))
            for _ in range(n)
        ]
    )


@pytest.mark.proves("eq-mean-shape")
def test_mean_shape_is_the_mean_of_what_lies_over_it():
    shapes = family()
    aligned, mean = shape.align_shapes(shapes)
    assert np.abs(mean.mean(0)).max() < 1e-12
    assert (mean**2).sum(1).mean() == pytest.approx(1)
    # Every shape is at its best place, and their mean has the mean's form.
    for before, after in zip(shapes, aligned, strict=True):
        assert shape.procrustes_distance(before, after) < 1e-12
        again = shape.fit_similarity(after, mean)
        assert again.scale == pytest.approx(1)
    assert shape.procrustes_distance(aligned.mean(0), mean) < 1e-9
    assert np.ptp(aligned, axis=0).max() < np.ptp(shapes, axis=0).max() / 3


def test_mean_shape_does_not_depend_on_place_size_and_turn():
    shapes = family()
    moved = np.array([turned(s, 10 * k, 1 + k / 7, (k, -k)) if k else s for k, s in enumerate(shapes)])
    np.testing.assert_allclose(shape.align_shapes(shapes)[1], shape.align_shapes(moved)[1], atol=1e-6)
    with pytest.raises(ValueError, match="at least two"):
        shape.align_shapes(shapes[:1])
    with pytest.raises(ValueError, match="coincide"):
        shape.align_shapes(np.zeros((3, 4, 2)))


@pytest.mark.proves("eq-shape-modes")
@pytest.mark.proves("eq-shape-model")
def test_modes_equal_scikit_learn_and_rebuild_the_shapes():
    decomposition = pytest.importorskip("sklearn.decomposition")
    aligned, _ = shape.align_shapes(family())
    mean, modes, variances = shape.shape_modes(aligned, 4)
    pca = decomposition.PCA(4).fit(aligned.reshape(len(aligned), -1))
    n = len(aligned)
    np.testing.assert_allclose(variances, pca.explained_variance_ * (n - 1) / n, atol=1e-10)
    along = np.abs(np.einsum("kd,kd->k", pca.components_, modes.reshape(4, -1)))
    np.testing.assert_allclose(along[0], 1, atol=1e-6)
    assert variances[0] > 50 * variances[1]  # one hidden direction
    every, values = shape.shape_modes(aligned, 12)[1:]
    amounts = np.einsum("npc,kpc->nk", aligned - mean, every)
    np.testing.assert_allclose(shape.shape_from(mean, every, amounts), aligned, atol=1e-10)
    np.testing.assert_allclose(amounts.var(0), values, atol=1e-10)


@pytest.mark.proves("eq-shape-limit")
def test_limit():
    amounts = np.array([[5.0, -0.2], [-9.0, 0.7]])
    np.testing.assert_allclose(
        shape.plausible_amounts(amounts, [4.0, 0.01]), [[5, -0.2], [-6, 0.3]], atol=1e-12
    )
    with pytest.raises(ValueError, match="positive number"):
        shape.plausible_amounts(amounts, [1, 1], 0)


@pytest.mark.proves("eq-ridge")
@pytest.mark.parametrize("penalty", [0.01, 1.0, 50.0])
def test_ridge_equals_scikit_learn(penalty):
    linear = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 30)) + 2, rng.normal(size=(20, 3)) - 1
    weights, bias = shape.ridge(x, y, penalty)
    theirs = linear.Ridge(alpha=penalty).fit(x, y)
    np.testing.assert_allclose(weights, theirs.coef_.T, atol=1e-9)
    np.testing.assert_allclose(bias, theirs.intercept_, atol=1e-9)
    with pytest.raises(ValueError, match="expected equal"):
        shape.ridge(x, y[:-1], penalty)
