"""One answer where many are right."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays, require


def best_guess(readings, cost):
    """Give the one curve whose average cost over all readings is least.

    readings: (readings, frames), an odd number of them; cost: "squared" or "absolute", of each difference.
    Returns (frames,).
    """
    if cost == "squared":
        return np.mean(readings, axis=0)
    return np.median(readings, axis=0)


HAND = np.array([[100.0, 200.0], [100.0, 210.0], [190.0, 220.0]])


def _squared(candidate):
    equal_arrays(candidate(HAND, "squared"), [130, 210], what="the answer for squared differences")
    for seed, shape in enumerate([(5, 4), (3, 7), (1, 3)]):
        readings = np.random.default_rng(seed).lognormal(5, 0.3, size=shape)
        equal_arrays(
            candidate(readings, "squared"), readings.mean(0), what="the answer for squared differences"
        )


def _absolute(candidate):
    equal_arrays(candidate(HAND, "absolute"), [100, 210], what="the answer for absolute differences")
    for seed, shape in enumerate([(5, 4), (3, 7), (9, 2), (1, 3)]):
        readings = np.random.default_rng(10 + seed).lognormal(5, 0.3, size=shape)
        found = np.asarray(candidate(readings, "absolute"))
        require(found.shape == shape[1:], f"the answer has shape {found.shape}, expected {shape[1:]}")
        middle = np.sort(readings, axis=0)[len(readings) // 2]
        equal_arrays(found, middle, what="the answer for absolute differences")


def always_the_mean(readings, cost):
    """The cost is not looked at."""
    return np.mean(readings, axis=0)


def always_the_median(readings, cost):
    """The cost is not looked at."""
    return np.median(readings, axis=0)


def over_time(readings, cost):
    """A mean over the frames: one number for each reading."""
    return np.mean(readings, axis=1) if cost == "squared" else np.median(readings, axis=1)


def middle_of_the_range(readings, cost):
    """Half-way between the least and the greatest."""
    if cost == "squared":
        return np.mean(readings, axis=0)
    return (np.min(readings, axis=0) + np.max(readings, axis=0)) / 2


def one_of_the_readings(readings, cost):
    """The reading that is nearest to all others: best of those that were said, not best of all curves."""
    costs = [np.mean((readings - one) ** 2) for one in readings]
    return readings[np.argmin(costs)]


EXERCISE = Exercise(
    title="The best single answer",
    level=3,
    task="""
    A sentence was read three times, with three melodies (F0 in Hz). A machine may give one curve, and
    pays for the difference to each reading at each frame. Which curve costs least on average, if it pays
    squares? And if it pays absolute differences? For one frame and the readings 100, 100 and 190 Hz, try
    out 100, 110, 130 and 190 on paper.
    """,
    solution=best_guess,
    stages=(
        Stage(
            _squared,
            "Squares: set the derivative of the sum over readings to zero, for each frame by itself. It "
            "need not be a "
            "curve that anyone has read.",
        ),
        Stage(
            _absolute,
            "Absolute differences: going up by 1 Hz costs 1 for each reading below and saves 1 for each "
            "above. Where do "
            "they balance?",
        ),
    ),
    wrong=(
        Wrong(always_the_mean, "Where do they balance"),
        Wrong(always_the_median, "set the derivative"),
        Wrong(over_time, "for each frame by itself"),
        Wrong(middle_of_the_range, "Where do they balance"),
        Wrong(one_of_the_readings, "need not be a curve that anyone has read"),
    ),
    explanation="""
    The mean and the median. With 100, 100 and 190 Hz the mean is 130 Hz, which nobody has read. A model
    that is trained with squared errors speaks such means, and sounds flat.
    """,
)
