"""One step of Levinson and Durbin."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays
from deepsense_lib.formulas.linear_prediction import autocorrelation, levinson_durbin


def levinson(a, error, r):
    """Return the predictor that is one longer.

    a: (m,), a[0] = 1, the best predictor of order m - 1; error: its error; r: (m + 1,), autocorrelation.
    Returns (m + 1,).
    """
    k = -np.dot(a, np.asarray(r)[len(a) : 0 : -1]) / error
    longer = np.append(a, 0.0)
    return longer + k * longer[::-1]


def _first(candidate):
    equal_arrays(candidate(np.ones(1), 2.0, np.array([2.0, 1.0])), [1.0, -0.5], what="the first step by hand")


def _further(candidate):
    random = np.random.default_rng(2)
    rows = [np.array([4.0, 2.0, 0.5]), np.array([15.0, 5.0, 1.0, -1.0])]
    rows += [autocorrelation(random.normal(size=30), order) for order in (1, 2, 4, 7)]
    for r in rows:
        before = levinson_durbin(r[:-1])
        want = levinson_durbin(r).predictor
        equal_arrays(candidate(before.predictor, before.error, r), want, what=f"order {len(r) - 1}")


def wrong_sign(a, error, r):
    """Adds what should be taken away."""
    k = np.dot(a, r[len(a) : 0 : -1]) / error
    longer = np.append(a, 0.0)
    return longer + k * longer[::-1]


def append_only(a, error, r):
    """Appends the new coefficient and leaves the others."""
    return np.append(a, -np.dot(a, r[len(a) : 0 : -1]) / error)


EXERCISE = Exercise(
    title="One order more",
    level=3,
    solution=levinson,
    stages=(
        Stage(_first, "With r = (2, 1) the best guess is half of the sample before: a[1] is minus a half."),
        Stage(_further, "All coefficients change: add k times the predictor read backwards."),
    ),
    wrong=(Wrong(wrong_sign, "minus a half"), Wrong(append_only, "backwards")),
)
