"""Linear prediction against SciPy, librosa and brute force."""

import librosa
import numpy as np
import pytest
import scipy.linalg
import scipy.signal

from deepsense_lib.formulas import linear_prediction as formulas

ORDERS = [1, 2, 5, 10, 18]


def noise_through(predictor, samples=4000, seed=0):
    return scipy.signal.lfilter([1.0], predictor, np.random.default_rng(seed).normal(size=samples))


def speechlike(seed, order):
    """A stable predictor with random poles."""
    random = np.random.default_rng(seed)
    poles = random.uniform(0.3, 0.97, order // 2) * np.exp(1j * random.uniform(0.1, 3.0, order // 2))
    real = random.uniform(-0.8, 0.8, order % 2)
    return np.poly([*poles, *poles.conj(), *real]).real


@pytest.mark.proves("eq-lpc-autocorrelation")
@pytest.mark.parametrize("order", [0, *ORDERS])
def test_autocorrelation_is_numpys(order):
    x = np.random.default_rng(order).normal(size=60)
    expected = np.correlate(x, x, "full")[59 : 60 + order]
    np.testing.assert_allclose(formulas.autocorrelation(x, order), expected, rtol=1e-12, atol=1e-12)
    with pytest.raises(ValueError, match="order"):
        formulas.autocorrelation(x[:order], order)


@pytest.mark.proves("eq-lpc-normal-equations")
@pytest.mark.parametrize("order", ORDERS)
def test_normal_equations_are_least_squares(order):
    # Independent: a regression of each sample on those before, the signal continued with zeros.
    x = np.random.default_rng(order).normal(size=90)
    long = np.concatenate([np.zeros(order), x, np.zeros(order)])
    past = np.stack([long[order - k : len(long) - k] for k in range(1, order + 1)], axis=1)
    expected = np.linalg.lstsq(past, -long[order:], rcond=None)[0]
    found = formulas.normal_equations(formulas.autocorrelation(x, order))
    np.testing.assert_allclose(found[1:], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.proves("eq-levinson-durbin")
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("seed", range(3))
def test_levinson_durbin_is_scipys_toeplitz_solver(order, seed):
    x = noise_through(speechlike(seed, 8), seed=seed)
    r = formulas.autocorrelation(x, order)
    found = formulas.levinson_durbin(r)
    expected = scipy.linalg.solve_toeplitz(r[:-1], -r[1:])
    np.testing.assert_allclose(found.predictor[1:], expected, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(found.predictor, formulas.normal_equations(r), rtol=1e-8, atol=1e-10)
    e = np.convolve(x, found.predictor)  # with the tail, where the signal is 0
    np.testing.assert_allclose(found.error, e @ e, rtol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_librosa_finds_the_same_filter_by_another_method(seed):
    # librosa uses Burg's method, which is equal only in the limit of a long signal.
    true = speechlike(seed, 6)
    x = noise_through(true, 60_000, seed)
    ours = formulas.levinson_durbin(formulas.autocorrelation(x, 6)).predictor
    np.testing.assert_allclose(ours, librosa.lpc(x, order=6), atol=0.01)
    np.testing.assert_allclose(ours, true, atol=0.08)


def test_by_hand():
    found = formulas.levinson_durbin(np.array([1.0, 0.5]))
    np.testing.assert_allclose(found.predictor, [1, -0.5])
    np.testing.assert_allclose(found.error, 0.75)


@pytest.mark.parametrize("seed", range(20))
def test_the_result_is_always_stable_and_the_error_falls(seed):
    random = np.random.default_rng(seed)
    x = random.normal(size=40) * random.choice([1e-6, 1.0, 1e4]) + random.choice([0, 3.0])
    errors = [formulas.levinson_durbin(formulas.autocorrelation(x, p)).error for p in range(1, 15)]
    assert np.all(np.diff(errors) <= 1e-12 * errors[0])
    found = formulas.levinson_durbin(formulas.autocorrelation(x, 14))
    assert np.abs(np.roots(found.predictor)).max() < 1
    assert np.abs(found.reflection).max() < 1


def test_silence_and_impossible_autocorrelations_are_refused():
    with pytest.raises(ValueError, match="silence"):
        formulas.levinson_durbin(np.zeros(4))
    with pytest.raises(ValueError, match="not the autocorrelation"):
        formulas.levinson_durbin(np.array([1.0, 1.5]))


@pytest.mark.proves("eq-step-down")
@pytest.mark.parametrize("order", ORDERS)
def test_step_down_undoes_the_recursion(order):
    found = formulas.levinson_durbin(
        formulas.autocorrelation(np.random.default_rng(order).normal(size=90), order)
    )
    np.testing.assert_allclose(formulas.reflection_coefficients(found.predictor), found.reflection, atol=1e-9)


@pytest.mark.parametrize("seed", range(40))
def test_reflection_tells_stability_as_the_roots_do(seed):
    random = np.random.default_rng(seed)
    a = np.concatenate([[1.0], random.normal(size=random.integers(1, 6)) * 0.7])
    by_roots = np.abs(np.roots(a)).max() < 1
    assert (np.abs(formulas.reflection_coefficients(a)).max() < 1) == by_roots


def test_step_down_refuses_the_edge():
    with pytest.raises(ValueError, match="edge"):
        formulas.reflection_coefficients(np.array([1.0, 1.0]))
    with pytest.raises(ValueError, match="beginning with 1"):
        formulas.reflection_coefficients(np.array([2.0, 0.5]))


@pytest.mark.proves("eq-lpc-residual")
@pytest.mark.parametrize("order", ORDERS)
def test_residual_is_a_convolution(order):
    x, a = np.random.default_rng(order).normal(size=80), speechlike(order, order)
    np.testing.assert_allclose(formulas.prediction_error(x, a), scipy.signal.lfilter(a, [1.0], x), atol=1e-10)


@pytest.mark.proves("eq-all-pole")
@pytest.mark.parametrize("order", ORDERS)
def test_all_pole_is_scipys_filter(order):
    e, a = np.random.default_rng(order).normal(size=80), speechlike(order, order)
    np.testing.assert_allclose(
        formulas.all_pole(e, a), scipy.signal.lfilter([1.0], a, e), rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("hop", [1, 7, 50])
def test_the_residual_gives_the_signal_back_although_the_filter_changes(hop):
    x = np.random.default_rng(hop).normal(size=200)
    rows = np.stack([speechlike(seed, 6) for seed in range(5)])
    left = formulas.prediction_error(x, rows, hop)
    np.testing.assert_allclose(formulas.all_pole(left, rows, hop), x, rtol=1e-8, atol=1e-8)
    # the row changes at its sample, not one early or late
    place = min(hop, 199)
    expected = sum(rows[1][k] * x[place - k] for k in range(7) if place >= k)
    assert np.isclose(left[place], expected)
    with pytest.raises(ValueError, match="hop"):
        formulas.prediction_error(x, rows)


@pytest.mark.proves("eq-lpc-envelope")
def test_envelope_is_scipys_response():
    a = speechlike(3, 10)
    _, expected = scipy.signal.freqz([2.5], a, worN=257, include_nyquist=True)
    np.testing.assert_allclose(formulas.lpc_envelope(a, 2.5, 257), abs(expected), rtol=1e-9)
    with pytest.raises(ValueError, match="points"):
        formulas.lpc_envelope(a, 1, 1)


@pytest.mark.proves("eq-lpc-formants")
def test_formants_of_a_cascade_of_resonators_are_found():
    from deepsense_lib.formulas.source_filter import resonator_coefficients

    wanted = [(500, 60), (1500, 90), (2500, 150), (3500, 200)]
    a = np.ones(1)
    for frequency, bandwidth in wanted[::-1]:
        _, B, C = resonator_coefficients(frequency, bandwidth, 16_000)
        a = np.convolve(a, [1, -B, -C])
    found = formulas.formants_of_roots(a, 16_000)
    np.testing.assert_allclose(found.frequency, [f for f, _ in wanted], rtol=1e-6)
    np.testing.assert_allclose(found.bandwidth, [b for _, b in wanted], rtol=1e-5)
    with pytest.raises(ValueError, match="NaN"):
        formulas.formants_of_roots(np.array([1.0, np.nan]), 16_000)
