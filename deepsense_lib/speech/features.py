"""The acoustic features of the whole project: one configuration, the STFT, and the log-mel spectrogram.

16 kHz, a 50 ms Hann window every 12.5 ms, 80 mel bands, natural logarithm. Derived in the chapter
"From sound to mel and back"; the equations are in `deepsense_lib.formulas.spectrum` and `.mel`.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from deepsense_lib.errors import InputError
from deepsense_lib.formulas import mel, spectrum


@dataclass(frozen=True)
class FeatureConfig:
    """How samples become features; every model card records these numbers.

    sample_rate, low, high in hertz; n_fft, window, hop in samples; mels bands; floor as a magnitude.
    Raises: InputError if the numbers cannot go together.
    """

    sample_rate: int = 16_000
    n_fft: int = 1024
    window: int = 800
    hop: int = 200
    mels: int = 80
    low: float = 0.0
    high: float = 8000.0
    floor: float = 1e-5

    def __post_init__(self):
        if not 1 <= self.window <= self.n_fft:
            raise InputError(f"window is {self.window} samples; expected 1 to n_fft = {self.n_fft}")
        if not 1 <= self.hop <= self.window // 2:
            raise InputError(
                f"hop is {self.hop} samples; expected 1 to half the window = {self.window // 2}, "
                "or samples between the frames are lost"
            )
        if not 0 <= self.low < self.high <= self.sample_rate / 2:
            raise InputError(
                f"mel bands from {self.low} to {self.high} Hz; expected 0 <= low < high <= "
                f"half the sample rate = {self.sample_rate / 2}"
            )
        if self.mels < 1 or not self.floor > 0:
            raise InputError(f"mels {self.mels} and floor {self.floor}: expected both above 0")


FEATURES = FeatureConfig()


def frame_count(samples: int, config: FeatureConfig = FEATURES) -> int:
    """Return how many frames a sound of so many samples has.

    Raises: InputError if there is no sample.
    """
    if samples < 1:
        raise InputError(f"the sound has {samples} samples; expected at least 1")
    return spectrum.frame_count(int(samples), config.hop)


def stft(samples: np.ndarray, config: FeatureConfig = FEATURES) -> np.ndarray:
    """Return the short-time Fourier transform, frames centred, reflected at the ends.

    samples: `(samples,)`. Returns complex64 (complex128 for float64 samples)
    `(1 + samples // hop, n_fft // 2 + 1)`.
    Raises: InputError if the sound is empty, not mono, or holds NaN or infinity.
    """
    return spectrum.stft(checked_samples(samples), window(config), config.hop, config.n_fft)


def log_mel(samples: np.ndarray, config: FeatureConfig = FEATURES) -> np.ndarray:
    """Return the log-mel spectrogram of a sound.

    samples: `(samples,)` at config.sample_rate. Returns float32 `(1 + samples // hop, mels)`,
    natural logarithms of magnitudes, at least log(floor).
    Raises: InputError if the sound is empty, not mono, or holds NaN or infinity.
    """
    magnitude = np.abs(stft(np.asarray(samples, np.float32), config))
    return mel.log_mel(magnitude, filters(config), config.floor)


@lru_cache(maxsize=8)
def window(config: FeatureConfig = FEATURES) -> np.ndarray:
    """Return the Hann window of a configuration, float64 `(window,)`, read-only."""
    return _read_only(spectrum.hann(config.window))


@lru_cache(maxsize=8)
def filters(config: FeatureConfig = FEATURES) -> np.ndarray:
    """Return the mel filter bank of a configuration, float32 `(mels, bins)`, read-only.

    Raises: InputError if a filter is so narrow that it holds no bin.
    """
    try:
        bank = mel.mel_filters(config.sample_rate, config.n_fft, config.mels, config.low, config.high)
    except ValueError as error:
        raise InputError(str(error)) from error
    return _read_only(bank.astype(np.float32))


def checked_samples(samples: np.ndarray) -> np.ndarray:
    """Return the samples as a floating array, if they are one finite channel of sound.

    Raises: InputError naming what was found.
    """
    samples = np.asarray(samples)
    if samples.ndim != 1 or samples.size == 0:
        raise InputError(
            f"the sound has shape {samples.shape}; expected one channel, (samples,), and at least one sample"
        )
    if samples.dtype.kind != "f":
        raise InputError(f"the samples are {samples.dtype}; expected floating numbers between -1 and 1")
    if not np.isfinite(samples).all():
        raise InputError("the sound holds NaN or infinity; expected finite samples. Check how it was made")
    return samples


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
