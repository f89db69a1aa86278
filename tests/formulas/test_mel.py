"""Mel scales and filters: against librosa, by properties, and against wrong formulas."""

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.formulas import mel

SETTINGS = settings(max_examples=40, derandomize=True, deadline=None)
HERTZ = np.concatenate([np.linspace(0, 24_000, 997), [999.999, 1000, 1000.001, 6400]])


@pytest.mark.proves("eq-mel-slaney")
@pytest.mark.proves("eq-mel-slaney-inverse")
def test_slaney_scale_equals_librosa():
    np.testing.assert_allclose(mel.hz_to_mel(HERTZ), librosa.hz_to_mel(HERTZ), rtol=1e-12)
    np.testing.assert_allclose(mel.mel_to_hz(mel.hz_to_mel(HERTZ)), HERTZ, rtol=1e-12)
    np.testing.assert_allclose(mel.mel_to_hz(HERTZ / 300), librosa.mel_to_hz(HERTZ / 300), rtol=1e-12)
    assert mel.hz_to_mel(1000.0) == pytest.approx(15)
    assert mel.hz_to_mel(6400.0) == pytest.approx(42)


@pytest.mark.proves("eq-mel-htk")
@pytest.mark.proves("eq-mel-htk-inverse")
def test_htk_scale_equals_librosa():
    np.testing.assert_allclose(mel.hz_to_mel_htk(HERTZ), librosa.hz_to_mel(HERTZ, htk=True), rtol=1e-12)
    np.testing.assert_allclose(mel.mel_to_hz_htk(mel.hz_to_mel_htk(HERTZ)), HERTZ, rtol=1e-10, atol=1e-9)
    np.testing.assert_allclose(
        mel.mel_to_hz_htk(HERTZ / 9), librosa.mel_to_hz(HERTZ / 9, htk=True), rtol=1e-12
    )
    natural_logarithm = 2595 * np.log(1 + HERTZ / 700)
    assert not np.allclose(mel.mel_to_hz_htk(natural_logarithm[1:50]), HERTZ[1:50])


@SETTINGS
@given(st.floats(0, 20_000), st.floats(1e-3, 5000))
def test_scales_rise(hertz, step):
    for scale in (mel.hz_to_mel, mel.hz_to_mel_htk):
        assert scale(hertz + step) > scale(hertz)


@pytest.mark.proves("eq-mel-filters")
@pytest.mark.parametrize("scale", ["slaney", "htk"])
@pytest.mark.parametrize(
    ("rate", "n_fft", "mels", "low", "high"),
    [
        (16_000, 1024, 80, 0, 8000),
        (22_050, 1024, 80, 0, 8000),
        (22_050, 2048, 128, 20, None),
        (8000, 256, 20, 100, 3800),
        (16_000, 401, 26, 0, None),
    ],
)
def test_filters_equal_librosa(rate, n_fft, mels, low, high, scale):
    ours = mel.mel_filters(rate, n_fft, mels, low, high, scale)
    theirs = librosa.filters.mel(
        sr=rate, n_fft=n_fft, n_mels=mels, fmin=low, fmax=high, htk=scale == "htk", dtype=np.float64
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-15)


def test_filters_have_area_one_and_narrow_support():
    bank = mel.mel_filters(16_000, 16_384, 40)
    np.testing.assert_allclose(bank.sum(axis=1) * 16_000 / 16_384, 1, rtol=0.01)
    assert ((bank > 0).sum(axis=0) <= 2).all()  # a bin lies in two neighbouring triangles at most
    # Without Slaney's normalisation, neighbours would add up to one.
    corners = mel.mel_to_hz(np.linspace(0, mel.hz_to_mel(8000.0), 42))
    peaks = bank * (corners[2:] - corners[:-2])[:, None] / 2
    between = slice(int(corners[1] / 16_000 * 16_384) + 1, int(corners[-2] / 16_000 * 16_384))
    np.testing.assert_allclose(peaks.sum(axis=0)[between], 1, rtol=1e-9)


@pytest.mark.proves("eq-log-mel")
def test_log_mel_equals_librosa_and_is_the_natural_logarithm():
    magnitude = np.abs(np.random.default_rng(0).standard_normal((7, 129)))
    bank = mel.mel_filters(8000, 256, 20)
    theirs = librosa.feature.melspectrogram(S=magnitude.T, sr=8000, n_fft=256, n_mels=20)
    ours = mel.log_mel(magnitude, bank)
    np.testing.assert_allclose(ours, np.log(theirs.T), rtol=1e-6)
    assert not np.allclose(ours, np.log10(theirs.T))
    np.testing.assert_array_equal(mel.log_mel(0 * magnitude, bank, 1e-3), np.log(1e-3))
    np.testing.assert_allclose(mel.log_mel(np.e * magnitude, bank), ours + 1)


@pytest.mark.proves("eq-mel-inverse")
def test_mel_inverse_is_no_worse_than_scipy():
    from scipy.optimize import nnls

    rng = np.random.default_rng(0)
    bank = mel.mel_filters(8000, 128, 12)
    bands = np.abs(rng.standard_normal((5, 65))) @ bank.T  # reachable, so the best error is 0
    found = mel.mel_inverse(bands, bank, 3000)
    assert found.min() >= 0
    best = [nnls(bank, row)[1] for row in bands]
    assert np.linalg.norm(found @ bank.T - bands, axis=1) == pytest.approx(
        best, abs=1e-4 * np.abs(bands).max()
    )


@SETTINGS
@given(st.integers(0, 30), st.integers(0, 4))
def test_mel_inverse_never_gets_worse(steps, seed):
    rng = np.random.default_rng(seed)
    bank = mel.mel_filters(8000, 128, 12)
    bands = rng.exponential(size=(4, 12))  # not reachable in general

    def error(steps):
        return np.linalg.norm(mel.mel_inverse(bands, bank, steps) @ bank.T - bands)

    assert error(steps + 1) <= error(steps) * (1 + 1e-12)


def test_mel_inverse_of_silence_is_silence():
    bank = mel.mel_filters(8000, 128, 12).astype(np.float32)
    out = mel.mel_inverse(np.zeros((3, 12), np.float32), bank)
    assert out.dtype == np.float32
    assert not out.any()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: mel.hz_to_mel(-1.0), "hertz holds -1"),
        (lambda: mel.hz_to_mel(np.nan), "hertz holds nan"),
        (lambda: mel.mel_filters(16_000, 1024, 80, 0, 9000), "8000"),
        (lambda: mel.mel_filters(16_000, 256, 128), "holds no bin"),
        (lambda: mel.mel_filters(16_000, 256, 0), "mels 0"),
        (lambda: mel.mel_filters(16_000, 256, 8, scale="bark"), "'bark'"),
        (lambda: mel.log_mel(np.ones((2, 5)), np.ones((3, 6))), "5 bins"),
        (lambda: mel.log_mel(np.ones((2, 5)), np.ones((3, 5)), 0), "floor is 0"),
        (lambda: mel.mel_inverse(np.ones((2, 5)), np.ones((3, 6))), "5 bands"),
        (lambda: mel.mel_inverse(-np.ones((2, 3)), np.ones((3, 6))), "mel holds -1"),
    ],
)
def test_bad_arguments_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
