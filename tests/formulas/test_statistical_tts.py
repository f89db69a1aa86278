"""Parameter generation against dense algebra, SciPy and general minimisers."""

import numpy as np
import pytest
import scipy.linalg
import scipy.optimize
import scipy.stats
import torch

from deepsense_lib.formulas import statistical_tts as formulas

WINDOW_SETS = [formulas.WINDOWS, formulas.WINDOWS[:2], formulas.WINDOWS[:1]]


def gaussians(seed, frames=7, width=2, windows=3):
    random = np.random.default_rng(seed)
    return random.normal(size=(windows, frames, width)), random.uniform(0.1, 3, (windows, frames, width))


@pytest.mark.proves("eq-delta-windows")
@pytest.mark.parametrize("frames", [1, 2, 5, 9])
def test_windows_are_correlations_with_the_ends_repeated(frames):
    c = np.random.default_rng(frames).normal(size=frames)
    for window in formulas.WINDOWS:
        half = len(window) // 2
        expected = np.correlate(np.pad(c, half, mode="edge"), window, "valid")
        np.testing.assert_allclose(formulas.window_matrix(frames, window) @ c, expected, atol=1e-12)
    with pytest.raises(ValueError, match="odd"):
        formulas.window_matrix(3, (1.0, 2.0))


def test_differences_of_a_line_and_of_a_parabola():
    t = np.arange(9.0)
    slope, bend = (formulas.window_matrix(9, w) for w in formulas.WINDOWS[1:])
    np.testing.assert_allclose((slope @ (3 * t))[1:-1], 3)
    np.testing.assert_allclose((bend @ t**2)[1:-1], 2)
    np.testing.assert_allclose((bend @ (3 * t))[1:-1], 0, atol=1e-12)


@pytest.mark.proves("eq-observations")
@pytest.mark.parametrize("frames", [1, 2, 6])
def test_observations_are_w_times_c(frames):
    c = np.random.default_rng(frames).normal(size=(frames, 3))
    expected = [formulas.window_matrix(frames, w) @ c for w in formulas.WINDOWS]
    np.testing.assert_allclose(formulas.observations(c), expected, atol=1e-12)
    with pytest.raises(ValueError, match="frames, width"):
        formulas.observations(np.zeros(4))


@pytest.mark.proves("eq-curve-likelihood")
def test_likelihood_is_scipys():
    mean, variance = gaussians(0)
    c = np.random.default_rng(1).normal(size=(7, 2))
    expected = scipy.stats.norm.logpdf(formulas.observations(c), mean, np.sqrt(variance)).sum()
    assert np.isclose(formulas.log_likelihood(c, mean, variance), expected)
    with pytest.raises(ValueError, match="not positive"):
        formulas.log_likelihood(c, mean, 0 * variance)


@pytest.mark.proves("eq-mlpg")
@pytest.mark.parametrize("seed", range(4))
def test_mlpg_is_the_maximum_that_a_minimiser_finds(seed):
    mean, variance = gaussians(seed, frames=6, width=1)

    def cost(c):
        return -formulas.log_likelihood(c.reshape(6, 1), mean, variance)

    found = scipy.optimize.minimize(cost, np.zeros(6), method="BFGS", options={"gtol": 1e-7}).x
    np.testing.assert_allclose(formulas.mlpg(mean, variance)[:, 0], found, atol=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_the_gradient_vanishes_there(seed):
    mean, variance = gaussians(seed, frames=12, width=3)
    c = torch.tensor(formulas.mlpg(mean, variance), requires_grad=True)
    W = torch.tensor(np.stack([formulas.window_matrix(12, w) for w in formulas.WINDOWS]))
    loss = (((W @ c) - torch.tensor(mean)) ** 2 / torch.tensor(variance)).sum()
    loss.backward()
    assert c.grad.abs().max() < 1e-9


@pytest.mark.parametrize("windows", WINDOW_SETS)
def test_means_of_a_real_curve_give_it_back(windows):
    c = np.random.default_rng(0).normal(size=(9, 2))
    mean = formulas.observations(c, windows)
    variance = np.random.default_rng(1).uniform(0.1, 2, mean.shape)
    np.testing.assert_allclose(formulas.mlpg(mean, variance, windows), c, atol=1e-9)


def test_without_differences_it_is_the_means():
    mean, variance = gaussians(0, windows=1)
    np.testing.assert_allclose(formulas.mlpg(mean, variance, formulas.WINDOWS[:1]), mean[0])
    with pytest.raises(ValueError, match="not positive"):
        formulas.mlpg(mean, -variance, formulas.WINDOWS[:1])


@pytest.mark.proves("eq-mlpg-band")
@pytest.mark.parametrize("windows", WINDOW_SETS)
@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 30])
def test_the_band_equals_the_whole_matrix(windows, frames):
    mean, variance = gaussians(frames, frames, 4, len(windows))
    np.testing.assert_allclose(
        formulas.mlpg_banded(mean, variance, windows), formulas.mlpg(mean, variance, windows), atol=1e-9
    )


@pytest.mark.proves("eq-normal-band")
@pytest.mark.parametrize("frames", [1, 2, 3, 8])
def test_the_band_holds_the_whole_matrix_and_scipy_solves_it(frames):
    mean, variance = gaussians(frames, frames, 1)
    band, right = formulas.normal_band(mean, 1 / variance)
    matrices = [formulas.window_matrix(frames, w) for w in formulas.WINDOWS]
    whole = sum(W.T @ np.diag(1 / v[:, 0]) @ W for W, v in zip(matrices, variance, strict=True))
    assert np.abs(np.tril(whole, -3)).max() == 0
    for k in range(min(3, frames)):
        np.testing.assert_allclose(band[k, : frames - k, 0], np.diag(whole, -k), atol=1e-10)
    solved = scipy.linalg.solveh_banded(band[: min(3, frames), :, 0], right[:, 0], lower=True)
    np.testing.assert_allclose(formulas.mlpg_banded(mean, variance)[:, 0], solved, rtol=1e-8, atol=1e-10)
    with pytest.raises(ValueError, match="each window"):
        formulas.normal_band(mean[:2], 1 / variance[:2])


def test_surer_slopes_make_the_curve_smoother():
    mean = np.zeros((3, 40, 1))
    mean[0, 20:] = 1  # a step
    variance = np.ones_like(mean)
    steps = []
    for sure in (10.0, 1.0, 0.1):
        variance[1:] = sure
        steps.append(np.abs(np.diff(formulas.mlpg(mean, variance)[:, 0])).max())
    assert 1 > steps[0] > steps[1] > steps[2]


@pytest.mark.proves("eq-global-variance")
def test_global_variance_is_numpys():
    c = np.random.default_rng(0).normal(size=(30, 4))
    np.testing.assert_allclose(formulas.global_variance(c), c.var(0))
    with pytest.raises(ValueError, match="at least one frame"):
        formulas.global_variance(np.zeros((0, 3)))


@pytest.mark.proves("eq-variance-scaling")
def test_scaling_gives_the_wanted_variance_and_keeps_the_mean():
    c = np.random.default_rng(0).normal(size=(30, 4)) + 5
    c[:, 3] = 2.0
    wanted = np.array([0.5, 4.0, 0.0, 1.0])
    found = formulas.scale_variance(c, wanted)
    np.testing.assert_allclose(found.var(0), [0.5, 4.0, 0, 0], atol=1e-12)
    np.testing.assert_allclose(found.mean(0), c.mean(0))
    np.testing.assert_allclose(formulas.scale_variance(c, c.var(0)), c)
    with pytest.raises(ValueError, match="negative"):
        formulas.scale_variance(c, -wanted)


@pytest.mark.proves("eq-state-durations")
@pytest.mark.parametrize("seed", range(5))
def test_state_durations_are_the_constrained_maximum(seed):
    random = np.random.default_rng(seed)
    mean, variance = random.uniform(2, 20, 6), random.uniform(0.5, 30, 6)
    total = mean.sum() * random.uniform(0.7, 1.5)
    found = formulas.state_durations(mean, variance, total)
    # Lagrange: the slopes of the log-likelihood are all equal, and the sum is kept.
    expected = np.linalg.solve(
        np.block([[np.diag(1 / variance), -np.ones((6, 1))], [np.ones((1, 6)), np.zeros((1, 1))]]),
        np.append(mean / variance, total),
    )[:6]
    np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(formulas.state_durations(mean, variance, mean.sum()), mean)
    with pytest.raises(ValueError, match="variances above 0"):
        formulas.state_durations(mean, 0 * variance, total)
