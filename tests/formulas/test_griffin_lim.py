"""Griffin-Lim: projections, descent, gradient, and the same sound as librosa."""

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.formulas import griffin_lim as gl
from deepsense_lib.formulas.spectrum import hann, inverse_stft, stft, window_sum

SETTINGS = settings(max_examples=30, derandomize=True, deadline=None)
SIZES = [(32, 32, 8, 160), (32, 24, 7, 140), (33, 20, 5, 99)]


def random(shape, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def problem(n_fft, size, hop, samples, seed=0):
    """A magnitude that belongs to a real signal, and a random start."""
    rng = np.random.default_rng(seed)
    x, window = rng.standard_normal(samples), hann(size)
    magnitude = np.abs(stft(x, window, hop, n_fft, "constant"))
    return magnitude, window, rng.uniform(-np.pi, np.pi, magnitude.shape)


@pytest.mark.proves("eq-squared-norm")
@pytest.mark.parametrize("n_fft", [7, 8])
def test_squared_norm_counts_all_bins(n_fft):
    x = np.random.default_rng(0).standard_normal((3, n_fft))
    whole = np.sum(np.abs(np.fft.fft(x)) ** 2)
    assert gl.squared_norm(np.fft.rfft(x), n_fft) == pytest.approx(whole)
    assert np.sum(np.abs(np.fft.rfft(x)) ** 2) != pytest.approx(whole)


@pytest.mark.proves("eq-spectral-convergence")
def test_spectral_convergence_by_hand():
    target = np.array([[3.0, 4.0]])
    assert gl.spectral_convergence(target, target) == 0
    assert gl.spectral_convergence(0 * target, target) == 1
    assert gl.spectral_convergence(np.array([[3.0, 3.0]]), target) == pytest.approx(0.2)


@pytest.mark.proves("eq-project-magnitude")
@SETTINGS
@given(st.integers(0, 50))
def test_magnitude_projection_is_the_nearest_point(seed):
    spectrum = random((4, 5), seed)
    magnitude = np.abs(random((4, 5), seed + 100))
    near = gl.project_magnitude(spectrum, magnitude)
    np.testing.assert_allclose(np.abs(near), magnitude)
    np.testing.assert_allclose(gl.project_magnitude(near, magnitude), near)
    other = magnitude * np.exp(1j * np.angle(random((4, 5), seed + 200)))
    assert (np.abs(near - spectrum) <= np.abs(other - spectrum) + 1e-12).all()


def test_magnitude_projection_where_there_is_no_phase():
    out = gl.project_magnitude(np.zeros((2, 3), complex), np.ones((2, 3)))
    np.testing.assert_array_equal(out, np.ones((2, 3)))


@pytest.mark.proves("eq-project-consistent")
@pytest.mark.parametrize(("n_fft", "size", "hop", "samples"), SIZES)
def test_consistent_projection_is_orthogonal(n_fft, size, hop, samples):
    window = hann(size)
    shape = stft(np.zeros(samples), window, hop, n_fft).shape
    spectrum = random(shape)

    def project(spectrum):
        return gl.project_consistent(spectrum, window, hop, n_fft, samples)

    once = project(spectrum)
    np.testing.assert_allclose(project(once), once, atol=1e-10)
    # Nearest among all signals: any other consistent spectrum is farther away, by Pythagoras.
    other = stft(np.random.default_rng(5).standard_normal(samples), window, hop, n_fft, "constant")
    far, near, between = (
        gl.squared_norm(d, n_fft) for d in (spectrum - other, spectrum - once, once - other)
    )
    assert far == pytest.approx(near + between, rel=1e-9)


def test_reflection_at_the_ends_is_no_projection():
    """Why the signal goes on with zeros here, although the features reflect it."""
    window, spectrum = hann(32), random((21, 17))
    x = inverse_stft(spectrum, window, 8)
    other = np.random.default_rng(5).standard_normal(160)
    once, other = (stft(signal, window, 8, 32, "reflect") for signal in (x, other))
    far, near, between = (gl.squared_norm(d, 32) for d in (spectrum - other, spectrum - once, once - other))
    assert far != pytest.approx(near + between, rel=1e-3)


@pytest.mark.proves("eq-inconsistency")
@pytest.mark.proves("eq-griffin-lim")
@pytest.mark.parametrize(("n_fft", "size", "hop", "samples"), SIZES)
@pytest.mark.parametrize("seed", range(4))
def test_plain_griffin_lim_never_gets_worse(n_fft, size, hop, samples, seed):
    magnitude, window, phase = problem(n_fft, size, hop, samples, seed)
    distances = []
    gl.griffin_lim(
        magnitude, window, hop, n_fft, 60, phase, samples,
        watch=lambda c: distances.append(gl.squared_norm(np.abs(c) - magnitude, n_fft)),
    )  # fmt: skip
    assert len(distances) == 60
    assert np.all(np.diff(distances) <= 1e-9 * distances[0])
    assert distances[-1] < 0.7 * distances[0]
    signals = [gl.griffin_lim(magnitude, window, hop, n_fft, n, phase, samples) for n in (0, 1, 2)]
    values = [gl.inconsistency(x, magnitude, window, hop, n_fft) for x in signals]
    assert values == pytest.approx(distances[:3])  # what `watch` sees is the inconsistency of the signal


@pytest.mark.proves("eq-inconsistency-gradient")
@pytest.mark.parametrize(("n_fft", "size", "hop", "samples"), SIZES)
def test_gradient_is_the_slope_and_one_step_is_griffin_lim(n_fft, size, hop, samples):
    magnitude, window, _ = problem(n_fft, size, hop, samples)
    x = np.random.default_rng(9).standard_normal(samples)
    gradient = gl.inconsistency_gradient(x, magnitude, window, hop, n_fft)
    direction = np.random.default_rng(10).standard_normal(samples)
    up, down = (gl.inconsistency(x + h * direction, magnitude, window, hop, n_fft) for h in (1e-6, -1e-6))
    assert gradient @ direction == pytest.approx((up - down) / 2e-6, rel=1e-6)
    overlaps = window_sum(window, hop, len(magnitude), n_fft)[n_fft // 2 :][:samples]
    spectrum = stft(x, window, hop, n_fft, "constant")
    step = inverse_stft(gl.project_magnitude(spectrum, magnitude), window, hop, n_fft, samples)
    np.testing.assert_allclose(x - gradient / (2 * n_fft * overlaps), step, atol=1e-10)


@pytest.mark.proves("eq-fast-griffin-lim")
@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.99])
@pytest.mark.parametrize(("n_fft", "size", "hop", "samples"), SIZES[:2])
def test_equals_librosa_from_the_same_start(n_fft, size, hop, samples, momentum):
    # Librosa can start from phase 0 only (init=None), so both do.
    magnitude, window, _ = problem(n_fft, size, hop, samples)
    theirs = librosa.griffinlim(
        magnitude.T, n_iter=10, hop_length=hop, win_length=size, n_fft=n_fft, momentum=momentum, init=None
    )
    ours = gl.fast_griffin_lim(magnitude, window, hop, n_fft, 10, momentum)
    # Librosa adds a tiny number before it divides, so a few digits are lost.
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.proves("eq-fast-griffin-lim")
def test_momentum_zero_is_plain_and_momentum_gets_nearer_on_speech_like_sound():
    t = np.arange(4000) / 16_000
    x = sum(np.sin(2 * np.pi * k * (120 * t + 30 * t**2)) / k for k in range(1, 20))
    window = hann(400)
    magnitude = np.abs(stft(x, window, 100, 512, "constant"))
    phase = np.random.default_rng(0).uniform(-np.pi, np.pi, magnitude.shape)

    def distance(momentum):
        y = gl.fast_griffin_lim(magnitude, window, 100, 512, 50, momentum, phase)
        return gl.inconsistency(y, magnitude, window, 100, 512)

    plain = gl.griffin_lim(magnitude, window, 100, 512, 50, phase)
    assert distance(0) == gl.inconsistency(plain, magnitude, window, 100, 512)
    assert distance(0.99) < 0.6 * distance(0)


def test_float32_stays_float32():
    magnitude, window, phase = problem(*SIZES[0])
    out = gl.fast_griffin_lim(magnitude.astype(np.float32), window, 8, 32, 3, phase=phase.astype(np.float32))
    assert out.dtype == np.float32


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"magnitude": -np.ones((4, 17))}, "negative"),
        ({"magnitude": np.full((4, 17), np.nan)}, "non-finite"),
        ({"magnitude": np.ones(17)}, r"expected \(frames, bins\)"),
        ({"iterations": -1}, "iterations -1"),
        ({"momentum": -0.1}, "momentum -0.1"),
        ({"hop": 32}, "hop 32"),
    ],
)
def test_bad_arguments_are_named(change, words):
    arguments = {"magnitude": np.ones((4, 17)), "window": hann(32), "hop": 8} | change
    with pytest.raises(ValueError, match=words):
        gl.fast_griffin_lim(**arguments)
    with pytest.raises(ValueError, match="expected equal"):
        gl.spectral_convergence(np.ones((2, 3)), np.ones((3, 2)))
    with pytest.raises(ValueError, match="all zero"):
        gl.spectral_convergence(np.ones((2, 3)), np.zeros((2, 3)))
