"""Sound in and out: WAV, FLAC, OGG and MP3 files as mono float arrays, and resampling.

Samples are float32 in the range -1 to 1, shape ``(samples,)``. Files are read whole.
"""

import math
import os
import warnings
from pathlib import Path

import numpy as np

from deepsense_lib.errors import InputError, MissingDependencyError, OutputError
from deepsense_lib.files import write_atomically
from deepsense_lib.speech.sound_files import (
    RATES,
    SYNTHETIC_MARK,
    WRITABLE,
    decode,
    encode,
    open_sound,
    read_bytes,
)

SAMPLE_RATE = 16000
SILENCE = 1e-4  # full scale 1: -80 dB, below the noise floor of any recording in a room
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


def load(path: str | os.PathLike, sample_rate: int | None = SAMPLE_RATE) -> np.ndarray:
    """Read a WAV, FLAC, OGG or MP3 file as mono samples at `sample_rate`.

    Channels are averaged. Integer formats (8 to 32 bit) are scaled so that full scale is 1; float
    files are kept as they are, also beyond 1. ``sample_rate=None`` keeps the file's own rate
    (`read_rate` tells it).

    Returns:
        float32 ``(samples,)``.

    Raises:
        InputError: the file is missing, empty, truncated, not a sound file, holds no samples, or
            holds NaN or infinity.
    """
    path = Path(path)
    samples, own_rate = decode(read_bytes(path), path.name)
    if sample_rate is None:
        return samples
    return resample(samples, own_rate, sample_rate)


def read_rate(path: str | os.PathLike) -> int:
    """Tell the sample rate of a sound file in Hz; raises InputError as `load` does."""
    path = Path(path)
    with open_sound(read_bytes(path), path.name) as file:
        return file.samplerate


def require_sound(samples: np.ndarray, name: str = "the sound") -> np.ndarray:
    """Return `samples` unchanged, or raise InputError if they are silent (peak below -80 dB)."""
    samples = _checked_samples(samples)
    peak = float(np.max(np.abs(samples)))
    if peak < SILENCE:
        raise InputError(
            f"{name} is silent: its largest sample is {peak:.1e} of full scale, expected at least "
            f"{SILENCE:.0e}. Check the recording level, or choose another file."
        )
    return samples


def resample(x: np.ndarray, from_rate: int, to_rate: int) -> np.ndarray:
    """Resample ``(samples,)`` from one rate to another, both whole numbers of Hz.

    A polyphase filter: upsample by `up`, low-pass once, keep every `down`-th sample. It is exact in
    time (no delay), linear in phase, and the same on every machine. The low-pass (Kaiser window) is
    flat up to 90 % of the lower Nyquist frequency and 90 dB down at that frequency.

    Returns:
        float32 ``(ceil(samples * to_rate / from_rate),)``.

    Raises:
        InputError: a rate is not a whole number from 1,000 to 192,000 Hz, or `x` is not a finite,
            non-empty vector.

    Source: Oppenheim and Schafer, Discrete-Time Signal Processing, sections on changing the
    sampling rate by a noninteger factor, and on the Kaiser window.
    """
    from_rate, to_rate = _checked_rate(from_rate), _checked_rate(to_rate)
    x = _checked_samples(x)
    if from_rate == to_rate:
        return x.astype(np.float32)
    signal = _scipy_signal()
    common = math.gcd(from_rate, to_rate)
    up, down = to_rate // common, from_rate // common
    slower = max(up, down)
    low_pass = signal.firwin(2 * 64 * slower + 1, 0.95 / slower, window=("kaiser", 9.0))
    return signal.resample_poly(x.astype(np.float64), up, down, window=low_pass).astype(np.float32)


def save(
    path: str | os.PathLike,
    samples: np.ndarray,
    sample_rate: int = SAMPLE_RATE,
    synthetic: bool = False,
) -> None:
    """Write mono samples to a file whose suffix names the format: wav, flac, ogg or mp3.

    WAV and FLAC hold 16 bits. The file appears whole or not at all: it is encoded in memory,
    written under a temporary name in the same folder, and renamed. Samples beyond -1 to 1 are
    clipped, with a warning that tells the peak. With `synthetic` the file carries the comment
    `SYNTHETIC_MARK` (RIFF ICMT, Vorbis comment, or ID3v1), which `is_marked_synthetic` finds.

    Raises:
        InputError: samples are not a finite, non-empty float vector, or the rate is impossible.
        OutputError: unknown suffix, missing or read-only folder, full disk, a rate that MP3 lacks.
    """
    path = Path(path)
    samples = _checked_samples(samples)
    sample_rate = _checked_rate(sample_rate)
    kind = check_output(path)
    if kind[0] == "MP3" and sample_rate not in _MP3_RATES:
        raise OutputError(
            f"cannot write '{path.name}': MP3 has no sample rate of {sample_rate} Hz, expected one of "
            f"{', '.join(map(str, _MP3_RATES))}. Resample first, or write a .wav file."
        )
    peak = float(np.max(np.abs(samples)))
    if peak > 1:
        warnings.warn(f"samples reach {peak:.3g} and are clipped to 1 in '{path.name}'", stacklevel=2)
    encoded = encode(np.clip(samples, -1, 1).astype(np.float32), sample_rate, kind, synthetic)
    write_atomically(path, encoded)


def check_output(path: str | os.PathLike) -> tuple[str, str]:
    """Tell the format that the suffix of a sound file names, before anything costly is done for it.

    Raises: OutputError for an unknown suffix or a missing folder.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise OutputError(f"cannot write '{path.name}': no folder '{path.parent}'. Make the folder first.")
    kind = WRITABLE.get(path.suffix.lower())
    if kind is None:
        raise OutputError(
            f"cannot write '{path.name}': its suffix is '{path.suffix}', expected one of "
            f"{', '.join(WRITABLE)}. Give the file one of these suffixes."
        )
    return kind


def is_marked_synthetic(path: str | os.PathLike) -> bool:
    """Tell whether a sound file carries the mark that `save` writes; raises InputError as `load` does."""
    path = Path(path)
    with open_sound(read_bytes(path), path.name) as file:
        return SYNTHETIC_MARK in file.comment


def _checked_samples(samples: np.ndarray) -> np.ndarray:
    """Return `samples` as a float vector, or raise InputError."""
    samples = np.asarray(samples)
    if samples.dtype.kind != "f":
        raise InputError(
            f"samples are of type {samples.dtype}, expected floats from -1 to 1. "
            "Divide 16-bit integers by 32768."
        )
    if samples.ndim != 1 or not len(samples):
        raise InputError(f"samples have shape {samples.shape}, expected (samples,) with at least one sample.")
    if not np.isfinite(samples).all():
        raise InputError(
            f"{np.count_nonzero(~np.isfinite(samples))} samples are NaN or infinite, expected finite numbers."
        )
    return samples


def _checked_rate(rate: int) -> int:
    """Return a sample rate as int, or raise InputError."""
    whole = isinstance(rate, (int, np.integer)) and not isinstance(rate, bool)
    if not whole or not RATES[0] <= rate <= RATES[1]:
        raise InputError(f"sample rate is {rate!r}, expected a whole number of Hz, {RATES[0]} to {RATES[1]}.")
    return int(rate)


def _scipy_signal():
    """Import scipy.signal late, so that the package works without it."""
    try:
        from scipy import signal
    except ImportError:
        raise MissingDependencyError("scipy") from None
    return signal
