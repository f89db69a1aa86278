"""From a log-mel spectrogram back to sound without any training: mel inversion, then Griffin-Lim."""

import numpy as np

from deepsense_lib.errors import InputError
from deepsense_lib.formulas import griffin_lim, mel
from deepsense_lib.speech.features import FEATURES, FeatureConfig, filters, window


def mel_to_magnitude(log_mel: np.ndarray, config: FeatureConfig = FEATURES) -> np.ndarray:
    """Return a linear magnitude spectrogram whose mel bands are near the given ones.

    log_mel: `(frames, mels)`, natural logarithms. Returns float32 `(frames, bins)`, not negative.
    Raises: InputError if the shape is wrong or a value is NaN or infinite.
    """
    log_mel = np.asarray(log_mel, np.float32)
    if log_mel.ndim != 2 or log_mel.shape[1] != config.mels:
        raise InputError(f"the mel spectrogram has shape {log_mel.shape}; expected (frames, {config.mels})")
    # exp of 30 is 1e13: no sound, but a sign of features on another scale.
    if not (np.isfinite(log_mel).all() and log_mel.max(initial=0) < 30):
        raise InputError(
            "the mel spectrogram holds NaN, infinity or values above 30; "
            "expected natural logarithms of magnitudes"
        )
    return mel.mel_inverse(np.exp(log_mel), filters(config))


def mel_to_audio(
    log_mel: np.ndarray,
    iterations: int = 32,
    momentum: float = 0.99,
    config: FeatureConfig = FEATURES,
    seed: int = 0,
) -> np.ndarray:
    """Return sound for a log-mel spectrogram by fast Griffin-Lim from a random phase.

    log_mel: `(frames, mels)`, natural logarithms, at least two frames.
    Returns float32 `((frames - 1) * hop,)` at config.sample_rate; the same seed gives the same sound.
    Raises: InputError if the spectrogram is too short, misshapen or not finite.
    """
    if len(log_mel) < 2:
        raise InputError(f"the mel spectrogram has {len(log_mel)} frames; expected at least 2")
    magnitude = mel_to_magnitude(log_mel, config)
    phase = np.random.default_rng(seed).uniform(-np.pi, np.pi, magnitude.shape).astype(np.float32)
    return griffin_lim.fast_griffin_lim(
        magnitude, window(config), config.hop, config.n_fft, iterations, momentum, phase
    )
