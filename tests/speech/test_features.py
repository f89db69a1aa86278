"""The project's features: against librosa, their shapes, and what bad sound gets."""

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsense_lib.errors import InputError
from deepsense_lib.speech import features
from deepsense_lib.speech.features import FEATURES, FeatureConfig


def sound(samples=16_000, seed=0):
    return np.random.default_rng(seed).standard_normal(samples).astype(np.float32) * 0.1


def test_log_mel_equals_librosa():
    x = sound(20_123)
    magnitude = np.abs(librosa.stft(x, n_fft=1024, hop_length=200, win_length=800, pad_mode="reflect"))
    theirs = np.log(np.maximum(librosa.filters.mel(sr=16_000, n_fft=1024, n_mels=80) @ magnitude, 1e-5))
    ours = features.log_mel(x)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs.T, atol=1e-4)


@settings(max_examples=25, derandomize=True, deadline=None)
@given(st.integers(1, 5000))
def test_frame_count(samples):
    assert features.log_mel(sound(samples)).shape == (1 + samples // 200, 80)
    assert features.frame_count(samples) == 1 + samples // 200


def test_silence_is_the_floor():
    np.testing.assert_allclose(features.log_mel(np.zeros(3000)), np.log(1e-5), rtol=1e-6)


def test_louder_by_a_factor_is_more_by_its_logarithm():
    np.testing.assert_allclose(
        features.log_mel(3 * sound()), features.log_mel(sound()) + np.log(3), atol=1e-4
    )


def test_cached_arrays_cannot_be_changed():
    for array in (features.window(), features.filters()):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.zeros(0), "at least one sample"),
        (np.zeros((100, 2)), "one channel"),
        (np.array([0.1, np.nan]), "NaN"),
        (np.array([0.1, np.inf]), "infinity"),
        (np.zeros(100, np.int16), "int16"),
    ],
)
def test_bad_sound_is_named(samples, words):
    with pytest.raises(InputError, match=words):
        features.stft(samples)
    if samples.dtype != np.int16:
        with pytest.raises(InputError, match=words):
            features.log_mel(samples)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"window": 2000}, "window is 2000"),
        ({"hop": 500}, "half the window"),
        ({"hop": 0}, "hop is 0"),
        ({"high": 9000.0}, "half the sample rate"),
        ({"floor": 0.0}, "floor 0"),
    ],
)
def test_bad_configuration_is_named(change, words):
    with pytest.raises(InputError, match=words):
        FeatureConfig(**change)


def test_too_many_bands_are_named():
    with pytest.raises(InputError, match="holds no bin"):
        features.filters(FeatureConfig(mels=500))


def test_the_default_is_the_one_that_all_models_share():
    wanted = FeatureConfig(16_000, 1024, 800, 200, 80, 0.0, 8000.0, 1e-5)
    assert wanted == FEATURES
