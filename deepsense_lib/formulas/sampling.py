"""Sampling and quantisation: what a list of numbers can and cannot hold of a sound.

Derived in the chapter "From sound to mel and back".
"""

import numpy as np


def tone(frequency: float, samples: int, sample_rate: float, phase: float = 0.0) -> np.ndarray:
    """Return samples of a cosine of amplitude 1.

    frequency, sample_rate: hertz; phase: radians (-pi / 2 makes it a sine). Returns `(samples,)`.
    Raises: ValueError if samples or sample_rate is not positive.
    Source: the definition, as the chapter gives it.
    Equation: eq-tone
    """
    if samples < 1 or not sample_rate > 0:
        raise ValueError(f"samples {samples}, sample rate {sample_rate}: expected both above 0")
    return np.cos(2 * np.pi * frequency * np.arange(samples) / sample_rate + phase)


def aliased_frequency(frequency: float, sample_rate: float) -> float:
    """Return the frequency that a tone seems to have after sampling: its distance to the nearest multiple.

    frequency, sample_rate: hertz. Returns hertz, between 0 and sample_rate / 2.
    Raises: ValueError if the sample rate is not positive.
    Source: Oppenheim & Schafer, Discrete-Time Signal Processing, 3rd ed., chapter 4.
    Equation: eq-alias
    """
    if not sample_rate > 0:
        raise ValueError(f"sample rate {sample_rate}: expected more than 0 Hz")
    return float(np.abs(frequency - sample_rate * np.round(frequency / sample_rate)))


def quantise(x: np.ndarray, bits: int) -> np.ndarray:
    """Return x rounded to the nearest of 2^bits steps between -1 and 1; what is louder is clipped.

    x: any shape. Returns the same shape, float64, from -1 to 1 - 2^(1 - bits).
    Raises: ValueError if bits is not between 1 and 32.
    Source: Oppenheim & Schafer, Discrete-Time Signal Processing, 3rd ed., chapter 4.
    Equation: eq-quantise
    """
    if not 1 <= bits <= 32:
        raise ValueError(f"bits is {bits}; expected 1 to 32")
    levels = 2.0 ** (bits - 1)
    return np.clip(np.round(np.asarray(x) * levels), -levels, levels - 1) / levels


def quantisation_snr(bits: int) -> float:
    """Return the signal-to-noise ratio of a full-scale sine after rounding to `bits` bits, in decibels.

    The rounding error is taken as uniform noise; a bit is worth 6.02 dB.
    Raises: ValueError if bits is not at least 1.
    Source: Oppenheim & Schafer, Discrete-Time Signal Processing, 3rd ed., chapter 4.
    Equation: eq-quantisation-snr
    """
    if bits < 1:
        raise ValueError(f"bits is {bits}; expected at least 1")
    return float(10 * np.log10(1.5 * 4.0**bits))
