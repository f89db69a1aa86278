"""Whole durations at another speed; no phoneme is lost."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays

LOGS = np.log([4.0, 6.0, 12.0])


def at_speed(log_durations, speed):
    """Return whole durations in frames, spoken `speed` times as fast, each at least 1.

    log_durations: (phonemes,), natural logarithm of frames. Returns (phonemes,), whole numbers.
    """
    return np.maximum(1, np.round(np.exp(log_durations) / speed)).astype(int)


def _plain(candidate):
    equal_arrays(candidate(LOGS, 1.0), [4, 6, 12], what="the durations")


def _fast(candidate):
    equal_arrays(candidate(LOGS, 2.0), [2, 3, 6], what="the durations at double speed")


def _rounding(candidate):
    logs = np.log([3.9, 5.2, 7.6])
    equal_arrays(candidate(logs, 1.0), [4, 5, 8], what="the durations of 3.9, 5.2 and 7.6 frames")


def _floor(candidate):
    equal_arrays(
        candidate(np.log([4.0, 7.0, 12.0, 1.4]), 4.0),
        [1, 2, 3, 1],
        what="the durations at four times the speed",
    )


def stretched(log_durations, speed):
    """Speed multiplies where it should divide."""
    return np.maximum(1, np.round(np.exp(log_durations) * speed)).astype(int)


def in_logarithms(log_durations, speed):
    """The logarithm is divided, so every duration gets another exponent."""
    return np.maximum(1, np.round(np.exp(log_durations / speed))).astype(int)


def cut(log_durations, speed):
    """The fraction is cut off: everything becomes a little shorter."""
    return np.maximum(1, (np.exp(log_durations) / speed + 1e-9).astype(int))


def lost(log_durations, speed):
    """Short phonemes round to 0 and vanish."""
    return np.round(np.exp(log_durations) / speed).astype(int)


EXERCISE = Exercise(
    title="Faster, and nothing lost",
    level=2,
    task="Turn predicted log durations into whole frames for a given speed. A speed of 2 is twice as fast.",
    solution=at_speed,
    stages=(
        Stage(_plain, "At speed 1 the durations are the exponentials of the logarithms."),
        Stage(_fast, "Twice as fast means half as many frames: take the exponential, then divide."),
        Stage(
            _rounding,
            "Round to the nearest whole number: cutting makes all speech too fast, rounding up too slow.",
        ),
        Stage(_floor, "A phoneme of 0 frames is not spoken at all: keep at least one."),
    ),
    wrong=(
        Wrong(stretched, "half as many frames"),
        Wrong(in_logarithms, "take the exponential, then divide"),
        Wrong(cut, "cutting makes all speech"),
        Wrong(lost, "keep at least one"),
    ),
)
