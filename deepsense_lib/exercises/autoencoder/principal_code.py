"""Through a bottleneck of k numbers and back, without training."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays

RANDOM = np.random.default_rng(3)
ROWS = RANDOM.normal(size=(40, 5)) @ np.diag([3.0, 2.0, 1.0, 0.5, 0.1]) @ RANDOM.normal(size=(5, 5)) + 7.0


def through_bottleneck(x, count):
    """Return the rows of x after a code of `count` principal components: centre, project, go back.

    x: (rows, features), not centred. Returns (rows, features).
    """
    mean = x.mean(0)
    _, vectors = np.linalg.eigh(np.cov(x, rowvar=False))  # eigenvalues in rising order
    kept = vectors[:, ::-1][:, :count]
    return (x - mean) @ kept @ kept.T + mean


def _all(candidate):
    equal_arrays(candidate(ROWS, 5), ROWS, what="what comes back through a code as wide as the input")


def _mean(candidate):
    equal_arrays(np.mean(candidate(ROWS, 2), axis=0), ROWS.mean(0), what="the mean of what comes back")


def _best(candidate):
    found = ((np.asarray(candidate(ROWS, 2), float) - ROWS) ** 2).sum(1).mean()
    best = ((through_bottleneck(ROWS, 2) - ROWS) ** 2).sum(1).mean()
    equal_arrays(found, best, what="the mean squared distance with two numbers")


def not_centred(x, count):
    """Directions of the covariance, but applied to rows that still have their mean."""
    kept = np.linalg.eigh(np.cov(x, rowvar=False))[1][:, ::-1][:, :count]
    return x @ kept @ kept.T


def mean_forgotten(x, count):
    """Centred, and never moved back."""
    return through_bottleneck(x, count) - x.mean(0)


def smallest(x, count):
    """eigh sorts upwards: these are the directions of least variance."""
    kept = np.linalg.eigh(np.cov(x, rowvar=False))[1][:, :count]
    return (x - x.mean(0)) @ kept @ kept.T + x.mean(0)


def first_features(x, count):
    """Keeps the first features, and gives the mean for the others."""
    kept = np.tile(x.mean(0), (len(x), 1))
    kept[:, :count] = x[:, :count]
    return kept


EXERCISE = Exercise(
    title="Two numbers for a row",
    level=2,
    solution=through_bottleneck,
    stages=(
        Stage(_all, "With as many numbers as features nothing may be lost. Is the mean back where it was?"),
        Stage(_mean, "The mean is known for certain: take it away before the code, and add it behind."),
        Stage(
            _best,
            "Other directions lose less. `np.linalg.eigh` sorts from small to large, and its vectors are "
            "columns.",
        ),
    ),
    wrong=(
        Wrong(not_centred, "before the code"),
        Wrong(mean_forgotten, "back where it was"),
        Wrong(smallest, "from small to large"),
        Wrong(first_features, "lose less"),
    ),
)
