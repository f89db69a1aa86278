"""Log-mel and Griffin-Lim against librosa: how many times as long as ours.

Both work on the same five seconds of sound, in turn, several rounds, in one process on one thread, so that a
busy machine slows them alike. The table shows the median of the ratios of neighbouring runs; above
1 means that librosa takes longer. Before anything is timed, both must give the same numbers.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import statistics
import time
from collections.abc import Callable

import librosa
import numpy as np

from deepsense_lib.formulas import griffin_lim
from deepsense_lib.formulas.spectrum import stft
from deepsense_lib.speech import features

ROUNDS = 15
SECONDS = 5
ITERATIONS = 16


def sound() -> np.ndarray:
    """Return a gliding voice with noise, float32, as long as SECONDS."""
    t = np.arange(SECONDS * 16_000) / 16_000
    voice = sum(np.sin(2 * np.pi * k * (120 * t + 15 * t**2)) / k for k in range(1, 25))
    return (0.1 * voice + 0.01 * np.random.default_rng(0).standard_normal(t.size)).astype(np.float32)


def librosa_log_mel(x: np.ndarray) -> np.ndarray:
    """Return the log-mel spectrogram as librosa's users write it, `(frames, mels)`."""
    bands = librosa.feature.melspectrogram(
        y=x, sr=16_000, n_fft=1024, win_length=800, hop_length=200, n_mels=80, power=1, pad_mode="reflect"
    )
    return np.log(np.maximum(bands, 1e-5)).T


def our_griffin_lim(magnitude: np.ndarray) -> np.ndarray:
    return griffin_lim.fast_griffin_lim(magnitude, features.window(), 200, 1024, ITERATIONS, 0.99)


def librosa_griffin_lim(magnitude: np.ndarray) -> np.ndarray:
    return librosa.griffinlim(
        magnitude.T, n_iter=ITERATIONS, hop_length=200, win_length=800, n_fft=1024, momentum=0.99, init=None
    )


def seconds(function: Callable, argument: np.ndarray) -> float:
    """Return how long one call takes."""
    start = time.perf_counter()
    function(argument)
    return time.perf_counter() - start


def main() -> None:
    """Compare, and print a table."""
    x = sound()
    magnitude = np.abs(stft(x, features.window(), 200, 1024, "constant"))
    cases = {
        "log-mel": (features.log_mel, librosa_log_mel, x, 1e-3),
        f"Griffin-Lim, {ITERATIONS} iterations": (our_griffin_lim, librosa_griffin_lim, magnitude, 1e-2),
    }
    print(f"{'':32}{'ours, x real time':>20}{'librosa / ours':>18}")
    for name, (ours, theirs, argument, tolerance) in cases.items():
        np.testing.assert_allclose(ours(argument), theirs(argument), atol=tolerance)
        pairs = [(seconds(ours, argument), seconds(theirs, argument)) for _ in range(ROUNDS)]
        real_time = statistics.median(a for a, _ in pairs) / SECONDS
        ratio = statistics.median(b / a for a, b in pairs)
        print(f"{name:32}{real_time:20.4f}{ratio:18.2f}")


if __name__ == "__main__":
    main()
