"""The mel scale, the mel filter bank, the logarithm, and the way back to a linear spectrum.

Derived in the chapter "From sound to mel and back".
"""

import numpy as np

# The Slaney scale is linear up to 1 kHz and logarithmic above it.
HERTZ_PER_MEL = 200 / 3
BREAK_HERTZ = 1000.0
BREAK_MEL = BREAK_HERTZ / HERTZ_PER_MEL
LOG_STEP = np.log(6.4) / 27


def hz_to_mel(hertz: np.ndarray) -> np.ndarray:
    """Return mels on Slaney's scale: straight up to 1 kHz, logarithmic above, 27 mels from 1 to 6.4 kHz.

    hertz: any shape, not negative. Returns the same shape; 1 kHz is 15 mel.
    Raises: ValueError if a frequency is negative.
    Source: Slaney 1998, Auditory Toolbox version 2, Interval technical report 1998-010, `mfcc`.
    Equation: eq-mel-slaney
    """
    hertz = _not_negative(hertz, "hertz")
    log_part = BREAK_MEL + np.log(np.maximum(hertz, BREAK_HERTZ) / BREAK_HERTZ) / LOG_STEP
    return np.where(hertz < BREAK_HERTZ, hertz / HERTZ_PER_MEL, log_part)


def mel_to_hz(mel: np.ndarray) -> np.ndarray:
    """Return the frequency of a mel value on Slaney's scale, in hertz.

    mel: any shape, not negative. Returns the same shape.
    Raises: ValueError if a mel value is negative.
    Source: Slaney 1998, Auditory Toolbox version 2, Interval technical report 1998-010, `mfcc`.
    Equation: eq-mel-slaney-inverse
    """
    mel = _not_negative(mel, "mel")
    log_part = BREAK_HERTZ * np.exp(LOG_STEP * (np.maximum(mel, BREAK_MEL) - BREAK_MEL))
    return np.where(mel < BREAK_MEL, mel * HERTZ_PER_MEL, log_part)


def hz_to_mel_htk(hertz: np.ndarray) -> np.ndarray:
    """Return mels on HTK's scale: one logarithm from 0 Hz on; 1 kHz is close to 1000 mel.

    hertz: any shape, not negative. Returns the same shape.
    Raises: ValueError if a frequency is negative.
    Source: Young et al., The HTK Book, section on filterbank analysis.
    Equation: eq-mel-htk
    """
    return 2595 * np.log10(1 + _not_negative(hertz, "hertz") / 700)


def mel_to_hz_htk(mel: np.ndarray) -> np.ndarray:
    """Return the frequency of a mel value on HTK's scale, in hertz.

    mel: any shape, not negative. Returns the same shape.
    Raises: ValueError if a mel value is negative.
    Source: Young et al., The HTK Book, section on filterbank analysis.
    Equation: eq-mel-htk-inverse
    """
    return 700 * (10 ** (_not_negative(mel, "mel") / 2595) - 1)


def mel_filters(
    sample_rate: int,
    n_fft: int,
    mels: int,
    low: float = 0.0,
    high: float | None = None,
    scale: str = "slaney",
) -> np.ndarray:
    """Return a bank of triangles, equally spaced in mel, each of area 1 Hz in frequency.

    sample_rate, low, high: hertz (high defaults to sample_rate / 2); scale: "slaney" or "htk".
    Returns `(mels, n_fft // 2 + 1)`, in 1 / Hz.
    Raises: ValueError if the edges are not 0 <= low < high <= sample_rate / 2, or a filter holds no bin.
    Source: Slaney 1998, Auditory Toolbox version 2, Interval technical report 1998-010, `mfcc`.
    Equation: eq-mel-filters
    """
    high = sample_rate / 2 if high is None else high
    if not 0 <= low < high <= sample_rate / 2:
        raise ValueError(f"low {low} and high {high} Hz: expected 0 <= low < high <= {sample_rate / 2}")
    if min(n_fft, mels) < 1 or scale not in ("slaney", "htk"):
        raise ValueError(f"n_fft {n_fft}, mels {mels}, scale {scale!r}: expected >= 1, >= 1, slaney or htk")
    to_mel, to_hertz = (hz_to_mel, mel_to_hz) if scale == "slaney" else (hz_to_mel_htk, mel_to_hz_htk)
    corners = to_hertz(np.linspace(to_mel(low), to_mel(high), mels + 2))
    left, centre, right = (corners[i : i + mels, None] for i in range(3))
    bins = np.arange(n_fft // 2 + 1) * sample_rate / n_fft
    rising = (bins - left) / (centre - left)
    falling = (right - bins) / (right - centre)
    bank = np.maximum(0, np.minimum(rising, falling)) * 2 / (right - left)
    empty = np.flatnonzero(bank.max(axis=1) == 0)
    if empty.size:
        raise ValueError(
            f"mel filter {empty[0]} holds no bin: {mels} bands are too many for bins "
            f"{sample_rate / n_fft:g} Hz wide. Take fewer mels or a larger n_fft"
        )
    return bank


def log_mel(magnitude: np.ndarray, bank: np.ndarray, floor: float = 1e-5) -> np.ndarray:
    """Return the natural logarithm of the mel bands, cut off from below at `floor`.

    magnitude: `(frames, bins)`, not negative; bank: `(mels, bins)`. Returns `(frames, mels)`.
    Raises: ValueError if the bins differ or the floor is not positive.
    Source: the definition, as the chapter gives it.
    Equation: eq-log-mel
    """
    if magnitude.shape[-1] != bank.shape[-1]:
        raise ValueError(
            f"magnitude has {magnitude.shape[-1]} bins and the bank {bank.shape[-1]}: expected equal"
        )
    if not floor > 0:
        raise ValueError(f"floor is {floor}; expected more than 0, since the logarithm of 0 is not a number")
    return np.log(np.maximum(magnitude @ bank.T, floor))


def mel_inverse(mel: np.ndarray, bank: np.ndarray, steps: int = 100) -> np.ndarray:
    """Return a magnitude, nowhere negative, whose mel bands come near `mel` (multiplicative updates).

    mel: `(frames, mels)`, not negative, before the logarithm; bank: `(mels, bins)`; bins that
    no filter sees become 0. Returns `(frames, bins)`. Each step never increases ||A M^T - mel||^2.
    Raises: ValueError if the bands differ, a mel value is negative, or steps is negative.
    Source: Lee & Seung 2001, NIPS 13, Euclidean update rule with one factor fixed.
    Equation: eq-mel-inverse
    """
    if mel.shape[-1] != bank.shape[0]:
        raise ValueError(f"mel has {mel.shape[-1]} bands and the bank {bank.shape[0]}: expected equal")
    if steps < 0:
        raise ValueError(f"steps is {steps}; expected 0 or more")
    _not_negative(mel, "mel")
    tiny = np.finfo(np.result_type(mel, bank)).tiny
    # Start: every bin gets the mean of its filters' values, a smooth spectrum.
    seen = np.maximum(bank.sum(axis=0), tiny)
    magnitude = (mel / bank.sum(axis=1)) @ bank / seen
    target = mel @ bank
    for _ in range(steps):
        magnitude = magnitude * target / np.maximum(magnitude @ bank.T @ bank, tiny)
    return magnitude


def _not_negative(values: np.ndarray, name: str) -> np.ndarray:
    """Return the values as an array, if none is negative."""
    values = np.asarray(values)
    if values.size and not values.min() >= 0:
        raise ValueError(f"{name} holds {values.min()}; expected numbers of 0 or more")
    return values
