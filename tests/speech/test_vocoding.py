"""From log-mel back to sound: near in mel, repeatable, and clear about bad input."""

import numpy as np
import pytest

from deepsense_lib.errors import InputError
from deepsense_lib.speech.features import FeatureConfig, log_mel
from deepsense_lib.speech.vocoding import mel_to_audio, mel_to_magnitude


def vowel(seconds=0.6):
    t = np.arange(int(16_000 * seconds)) / 16_000
    return 0.05 * sum(np.sin(2 * np.pi * k * (110 * t + 20 * t**2)) for k in range(1, 30)).astype(np.float32)


def test_mel_of_the_sound_is_near_the_mel_asked_for():
    wanted = log_mel(vowel())
    found = mel_to_audio(wanted)
    assert found.dtype == np.float32
    assert found.shape == ((len(wanted) - 1) * 200,)
    inner = slice(3, -3)  # at the ends the features reflect and Griffin-Lim does not
    assert np.abs(log_mel(found) - wanted)[inner].mean() < 0.15
    assert np.abs(log_mel(found[::-1].copy()) - wanted)[inner].mean() > 0.3  # the measure can fail


def test_more_iterations_come_nearer():
    wanted = log_mel(vowel())

    def error(n):
        return np.abs(log_mel(mel_to_audio(wanted, n)) - wanted).mean()

    assert error(32) < error(4) < error(0)


def test_the_seed_decides():
    wanted = log_mel(vowel(0.2))
    np.testing.assert_array_equal(mel_to_audio(wanted), mel_to_audio(wanted))
    assert not np.allclose(mel_to_audio(wanted), mel_to_audio(wanted, seed=1), atol=1e-3)


def test_silence_stays_silent():
    assert np.abs(mel_to_audio(log_mel(np.zeros(4000)))).max() < 1e-4


def test_another_configuration():
    config = FeatureConfig(sample_rate=8000, n_fft=512, window=400, hop=100, mels=40, high=4000.0)
    wanted = log_mel(vowel()[::2], config)
    assert mel_to_audio(wanted, config=config).shape == ((len(wanted) - 1) * 100,)


@pytest.mark.parametrize(
    ("bands", "words"),
    [
        (np.zeros((5, 79)), r"\(frames, 80\)"),
        (np.zeros((1, 80)), "at least 2"),
        (np.full((5, 80), np.nan), "NaN"),
        (np.full((5, 80), 40.0), "above 30"),
        (np.full((5, 80), -np.inf), "NaN, infinity"),
    ],
)
def test_bad_spectrograms_are_named(bands, words):
    with pytest.raises(InputError, match=words):
        mel_to_audio(bands)


def test_magnitude_is_not_negative():
    assert mel_to_magnitude(log_mel(vowel())).min() >= 0
