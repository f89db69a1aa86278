"""Whole durations whose sum is right."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays, require

REAL = np.full(10, 2.4)


def keep_the_total(durations):
    """Return whole durations of which every running sum is right to half a frame.

    durations: (phonemes,), real numbers of frames, 0 or more. Returns (phonemes,), whole numbers.
    """
    ends = np.round(np.cumsum(durations)).astype(int)
    return np.diff(ends, prepend=0)


def _whole(candidate):
    found = np.asarray(candidate(np.array([3.0, 1.0, 4.0])))
    equal_arrays(found, [3, 1, 4], what="the durations")
    found = np.asarray(candidate(REAL), float)
    require(
        np.array_equal(found, np.round(found)) and np.all(found >= 0),
        "a duration is no whole number of 0 or more",
    )


def _total(candidate):
    found = np.sum(candidate(REAL))
    require(found == 24, f"ten phonemes of 2.4 frames became {found:g} frames, expected 24")


def _running(candidate):
    for durations in (REAL, np.random.default_rng(3).uniform(0, 5, 40)):
        error = np.abs(np.cumsum(candidate(durations)) - np.cumsum(durations)).max()
        require(error <= 0.5 + 1e-9, f"somewhere a phoneme starts {error:.1f} frames too early or too late")


def one_by_one(durations):
    """Each is rounded alone, and the errors add up."""
    return np.round(durations).astype(int)


def all_at_the_end(durations):
    """The total is mended at the last phoneme, which becomes far too long."""
    whole = np.round(durations).astype(int)
    whole[-1] += round(durations.sum()) - whole.sum()
    return whole


def not_rounded(durations):
    """Real numbers come back."""
    return durations * 1.0


EXERCISE = Exercise(
    title="Rounding that keeps time",
    level=3,
    task="""
    Ten phonemes of 2.4 frames should last 24 frames. Rounded one by one they last 20. Find a way in which
    the error never grows. (Round something else than the durations.)
    """,
    solution=keep_the_total,
    stages=(
        Stage(_whole, "Return whole numbers; whole durations stay as they are."),
        Stage(
            _total, "The total is wrong: rounding one by one adds up the errors. What else could you round?"
        ),
        Stage(_running, "Every phoneme must start in time, not only the last end: round where phonemes end."),
    ),
    wrong=(
        Wrong(not_rounded, "Return whole numbers"),
        Wrong(one_by_one, "adds up the errors"),
        Wrong(all_at_the_end, "round where phonemes end"),
    ),
    explanation="Round the running sum, then take differences: no end is ever off by more than half a frame.",
)
