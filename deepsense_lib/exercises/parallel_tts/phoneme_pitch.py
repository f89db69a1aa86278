"""The mean pitch of each phoneme, over its voiced frames."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays, require

F0 = np.array([0.0, 0.0, 200.0, 220.0, 0.0, 0.0, 180.0])
DURATIONS = np.array([2, 3, 2])


def phoneme_pitch(f0, durations):
    """Return the mean F0 of each phoneme over its voiced frames, and 0 where it has none.

    f0: (frames,), Hz, 0 where unvoiced; durations: (phonemes,), summing to the frames. Returns (phonemes,).
    """
    ends = np.cumsum(durations)
    means = np.zeros(len(durations))
    for n, (first, last) in enumerate(zip(ends - durations, ends, strict=True)):
        voiced = f0[first:last][f0[first:last] > 0]
        if len(voiced):
            means[n] = voiced.mean()
    return means


def _voiced(candidate):
    f0 = np.array([100.0, 110.0, 200.0, 210.0, 220.0])
    equal_arrays(candidate(f0, np.array([2, 3])), [105.0, 210.0], what="the pitch")


def _mixed(candidate):
    found = candidate(F0, DURATIONS)
    equal_arrays(np.asarray(found)[1:], [210.0, 180.0], what="the pitch of the voiced phonemes")


def _silent(candidate):
    found = np.asarray(candidate(F0, DURATIONS), float)
    require(np.isfinite(found), "a phoneme without voice became NaN")
    equal_arrays(found, [0.0, 210.0, 180.0], what="the pitch")
    equal_arrays(candidate(F0, np.array([4, 0, 3])), [210.0, 0.0, 180.0], what="the pitch")


def with_zeros(f0, durations):
    """Unvoiced frames count as 0 Hz."""
    parts = np.split(f0, np.cumsum(durations)[:-1])
    return np.array([part.mean() if len(part) else 0.0 for part in parts])


def of_nothing(f0, durations):
    """The mean of no number is NaN."""
    parts = np.split(f0, np.cumsum(durations)[:-1])
    return np.array([part[part > 0].mean() for part in parts])


def off_by_one(f0, durations):
    """The end of each phoneme is cut off."""
    ends = np.cumsum(durations)
    parts = [f0[a : b - 1] for a, b in zip(ends - durations, ends, strict=True)]
    return np.array([part[part > 0].mean() if (part > 0).any() else 0.0 for part in parts])


EXERCISE = Exercise(
    title="The pitch of a phoneme",
    level=2,
    task="""
    F0 is 0 where the voice is silent or the sound is a hiss. Those zeros are marks, not frequencies.
    """,
    solution=phoneme_pitch,
    stages=(
        Stage(
            _voiced, "Phoneme n owns the frames from the sum of the durations before it, up to its own end."
        ),
        Stage(_mixed, "A 0 says 'no pitch here'. Leave these frames out of the sum and out of the count."),
        Stage(_silent, "A phoneme without a voiced frame has no mean: give it 0."),
    ),
    wrong=(
        Wrong(off_by_one, "up to its own end"),
        Wrong(with_zeros, "out of the sum and out of the count"),
        Wrong(of_nothing, "has no mean"),
    ),
)
