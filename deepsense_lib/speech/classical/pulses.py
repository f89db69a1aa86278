"""Pulses and noise through the envelope of a log-mel spectrogram: a vocoder without training."""

import numpy as np

from deepsense_lib.errors import InputError
from deepsense_lib.formulas.spectrum import inverse_stft, stft
from deepsense_lib.speech.classical.lpc import excitation
from deepsense_lib.speech.features import FEATURES, FeatureConfig, filters, window


def envelope(log_mel: np.ndarray, config: FeatureConfig = FEATURES) -> np.ndarray:
    """Return a smooth magnitude for each bin, `(frames, bins)`: the band levels, joined by straight lines."""
    bank = filters(config).astype(float)
    bins = np.arange(bank.shape[1])
    centres = (bank * bins).sum(1) / bank.sum(1)
    level = np.asarray(log_mel, float) - np.log(bank.sum(1))
    return np.exp(np.stack([np.interp(bins, centres, row) for row in level]))


def pulses_and_noise(log_mel: np.ndarray, f0: np.ndarray, config: FeatureConfig = FEATURES) -> np.ndarray:
    """Return sound with this envelope and this pitch.

    log_mel: `(frames, mels)`; f0: `(frames,)`, Hz, 0 where unvoiced. Returns `((frames - 1) * hop,)`,
    float32.
    Raises: InputError if the lengths differ, or there are fewer than two frames.
    """
    if len(log_mel) != len(f0) or len(f0) < 2:
        raise InputError(f"{len(log_mel)} frames of log-mel, {len(f0)} of F0; expected as many, at least two")
    source = excitation(f0, config.hop, config.sample_rate)[: (len(f0) - 1) * config.hop]
    flat = stft(source, window(config), config.hop, config.n_fft)
    size = np.sqrt((window(config) ** 2).sum())  # what the window makes of power 1
    shaped = flat * envelope(log_mel, config) / size
    return inverse_stft(shaped, window(config), config.hop, config.n_fft, len(source)).astype(np.float32)
