"""The vocoder's equations: harmonic source and spectral losses, by definition, by property, and by torch."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.formulas import parallel_tts as f

PROPERTY = settings(max_examples=40, derandomize=True, deadline=None)


def rng():
    return np.random.default_rng(0)


@pytest.mark.proves("eq-harmonic-phase")
def test_phase_of_a_steady_pitch_turns_f0_times_a_second():
    phase = f.harmonic_phase(np.full(16000, 100.3), 16000)
    assert np.sum(np.diff(phase) < 0) == 100
    np.testing.assert_allclose(
        np.cos(phase), np.cos(2 * np.pi * 100.3 * np.arange(1, 16001) / 16000), atol=1e-9
    )


@pytest.mark.proves("eq-harmonic-phase")
def test_derivative_of_the_phase_is_f0():
    f0 = np.linspace(120, 260, 4000)
    steps = np.diff(np.unwrap(f.harmonic_phase(f0, 16000)))
    np.testing.assert_allclose(steps * 16000 / (2 * np.pi), f0[1:], rtol=1e-6)


@pytest.mark.proves("eq-harmonic-sum")
@PROPERTY
@given(st.floats(-10, 10), st.integers(1, 60))
def test_closed_form_is_the_sum_of_the_cosines(phase, harmonics):
    expected = sum(math.cos(h * phase) for h in range(1, harmonics + 1))
    assert f.harmonic_sum(np.array([phase]), harmonics)[0] == pytest.approx(expected, abs=1e-5)


@pytest.mark.proves("eq-harmonic-sum")
def test_all_cosines_agree_at_the_start_of_a_period():
    np.testing.assert_allclose(f.harmonic_sum(np.array([0.0, 2 * np.pi, -4 * np.pi]), 7), 7)


@pytest.mark.proves("eq-harmonic-sum")
def test_the_torch_source_is_this_sum_at_a_steady_pitch():
    from deepsense_lib.torch_models.vocoder import HarmonicSource

    f0 = torch.full((1, 9), 200.0, dtype=torch.float64)
    source = HarmonicSource()(f0, torch.zeros(1, 1600, dtype=torch.float64))[0].numpy()
    sums = f.harmonic_sum(f.harmonic_phase(np.full(1600, 200.0), 16000), 39)
    far = np.abs(np.sin(f.harmonic_phase(np.full(1600, 200.0), 16000) / 2)) > 1e-3  # torch rounds the peaks
    gain = source[far] @ sums[far] / (sums[far] @ sums[far])
    np.testing.assert_allclose(source[far], gain * sums[far], rtol=1e-6, atol=1e-6)


def magnitudes(x, n_fft, hop):
    window = torch.hann_window(n_fft, dtype=torch.float64)
    return torch.stft(torch.tensor(x), n_fft, hop, window=window, return_complex=True).abs().T.numpy()


@pytest.mark.proves("eq-stft-loss")
def test_stft_loss_is_convergence_plus_log_difference():
    target, prediction = np.array([[3.0, 4.0]]), np.array([[3.0, 1.0]])
    assert f.stft_loss(prediction, target) == pytest.approx(3 / 5 + math.log(4) / 2)
    assert f.stft_loss(target, target) == 0
    # The floor: silence against the floor itself costs nothing in the logarithm.
    assert f.stft_loss(np.array([[1.0, 0.0]]), np.array([[1.0, 1e-5]])) == pytest.approx(1e-5, rel=1e-3)


@pytest.mark.proves("eq-stft-loss")
@PROPERTY
@given(st.floats(0.1, 10))
def test_only_the_logarithm_notices_a_gain_on_both(gain):
    a, b = 0.1 + rng().random((2, 4, 5))
    assert f.stft_loss(gain * a, gain * b) == pytest.approx(f.stft_loss(a, b), rel=1e-9)


@pytest.mark.proves("eq-multi-resolution-loss")
def test_multi_resolution_loss_is_the_mean_and_ignores_the_sign_of_the_wave():
    x, y = rng().normal(size=(2, 2000))
    grids = [(256, 64), (512, 128), (1024, 200)]
    a, b = ([magnitudes(v, *g) for g in grids] for v in (x, y))
    expected = np.mean([f.stft_loss(p, t) for p, t in zip(a, b, strict=True)])
    assert f.multi_resolution_stft_loss(a, b) == pytest.approx(expected)
    flipped = [magnitudes(-x, *g) for g in grids]
    assert f.multi_resolution_stft_loss(flipped, a) == pytest.approx(0, abs=1e-9)


def test_spectra_that_cannot_be_compared_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        f.stft_loss(np.ones((2, 3)), np.ones((3, 2)))
    with pytest.raises(ValueError, match="silent"):
        f.stft_loss(np.ones((2, 3)), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="at least one"):
        f.multi_resolution_stft_loss([], [])
