"""A linear-prediction vocoder: speech as a predictor, a gain and a pitch for each frame, and back."""

from typing import NamedTuple

import numpy as np

from deepsense_lib.errors import InputError
from deepsense_lib.formulas.linear_prediction import (
    all_pole,
    autocorrelation,
    levinson_durbin,
    prediction_error,
)
from deepsense_lib.formulas.spectrum import hann

EMPHASIS = 0.97  # x[n] - 0.97 x[n-1] before the analysis: a voice falls by some 6 dB an octave
WHITENING = 1e-5  # a floor of noise in r[0], so that the band above 7.6 kHz is no hole


class Coded(NamedTuple):
    """Speech in few numbers: 21 a frame with order 18."""

    r: np.ndarray  # (frames, order + 1), autocorrelation, the first is 1
    gain: np.ndarray  # (frames,), root mean square of the residual
    f0: np.ndarray  # (frames,), Hz, 0 where unvoiced


def code(samples: np.ndarray, f0: np.ndarray, order: int = 18, hop: int = 200, window: int = 480) -> Coded:
    """Analyse a recording frame by frame.

    samples: `(samples,)` at 16 kHz; f0: `(1 + samples // hop,)`, Hz, 0 where unvoiced.
    Raises: InputError if there are not as many values of F0 as frames.
    """
    emphasised = emphasise(samples)
    if len(f0) != 1 + len(samples) // hop:
        raise InputError(f"{len(f0)} values of F0 for {1 + len(samples) // hop} frames; expected as many")
    shape = hann(window)
    padded = np.pad(emphasised, window // 2 + 1)
    r, gain = [], []
    for frame in range(len(f0)):
        piece = padded[frame * hop : frame * hop + window] * shape
        found = autocorrelation(piece, order)
        found[0] = found[0] * (1 + WHITENING) + 1e-9
        gain.append(np.sqrt(levinson_durbin(found).error / (shape**2).sum()))
        r.append(found / found[0])
    return Coded(np.array(r), np.array(gain), np.asarray(f0, float))


def predictors(coded: Coded, times: int = 4) -> np.ndarray:
    """Return a predictor for each part of a frame, `(frames * times, order + 1)`.

    What is interpolated is the autocorrelation: a mean of two autocorrelations is one, so the filter in
    between is stable. A mean of two predictors need not be.
    """
    at = np.arange(len(coded.r) * times) / times
    fine = np.stack([np.interp(at, np.arange(len(coded.r)), column) for column in coded.r.T], axis=1)
    return np.array([levinson_durbin(row).predictor for row in fine])


def excitation(f0: np.ndarray, hop: int = 200, rate: int = 16_000, seed: int = 0) -> np.ndarray:
    """Return a pulse for each period where there is pitch, and noise where there is none, power 1 in both.

    f0: `(frames,)`, Hz. Returns `(frames * hop,)`.
    """
    fine = np.repeat(np.asarray(f0, float), hop)
    cycles = np.floor(np.cumsum(fine) / rate)
    pulses = np.diff(cycles, prepend=0.0) > 0
    noise = np.random.default_rng(seed).normal(size=len(fine))
    height = np.sqrt(rate / np.maximum(fine, 1))  # one pulse has the power of a whole period
    return np.where(fine > 0, pulses * height, noise)


def decode(coded: Coded, source: np.ndarray | None = None, hop: int = 200, times: int = 4) -> np.ndarray:
    """Speak what was coded.

    source: an excitation of power 1 for each sample; by default pulses and noise from the coded pitch.
    Returns `(frames * hop,)`, float32.
    """
    source = excitation(coded.f0, hop) if source is None else source
    gain = np.interp(np.arange(len(source)) / hop, np.arange(len(coded.gain)), coded.gain)
    made = all_pole(source * gain, predictors(coded, times), hop // times)
    return de_emphasise(made).astype(np.float32)


def residual(samples: np.ndarray, coded: Coded, hop: int = 200, times: int = 4) -> np.ndarray:
    """Return what the predictors leave of a recording: the excitation that gives it back exactly."""
    return prediction_error(emphasise(samples), predictors(coded, times), hop // times)


def from_residual(left: np.ndarray, coded: Coded, hop: int = 200, times: int = 4) -> np.ndarray:
    """Return the recording that left this residual."""
    return de_emphasise(all_pole(left, predictors(coded, times), hop // times))


def emphasise(samples: np.ndarray) -> np.ndarray:
    """Lift the high frequencies: x[n] - 0.97 x[n-1], in double precision."""
    samples = np.asarray(samples, float)
    return np.append(samples[:1], samples[1:] - EMPHASIS * samples[:-1])


def de_emphasise(samples: np.ndarray) -> np.ndarray:
    """Undo the emphasis: y[n] = x[n] + 0.97 y[n-1]."""
    return all_pole(samples, np.array([1.0, -EMPHASIS]))
