"""What a Gaussian code costs."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays

MEAN = np.array([[0.0, 0.0], [1.0, -2.0], [0.5, 0.0]])
LOG_VARIANCE = np.array([[0.0, 0.0], [0.0, 0.0], [-3.0, 1.0]])


def nats(mean, log_variance):
    """Return the divergence of N(mean, exp(log_variance)) from N(0, 1), in nats, of each row's whole code.

    mean, log_variance: (rows, code). Returns (rows,).
    """
    return 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(1)


def _shape(candidate):
    equal_arrays(np.shape(candidate(MEAN, LOG_VARIANCE)), (3,), what="the shape of the costs")


def _nothing(candidate):
    equal_arrays(
        np.asarray(candidate(MEAN, LOG_VARIANCE))[0],
        0.0,
        atol=1e-9,
        what="the cost of a code that says nothing",
    )


def _means(candidate):
    equal_arrays(
        np.asarray(candidate(MEAN, LOG_VARIANCE))[1], 2.5, what="the cost of the means 1 and -2, variances 1"
    )


def _all(candidate):
    equal_arrays(candidate(MEAN, LOG_VARIANCE), nats(MEAN, LOG_VARIANCE), what="the costs")


def without_one(mean, log_variance):
    """The 1 is missing."""
    return 0.5 * (mean**2 + np.exp(log_variance) - log_variance).sum(1)


def averaged(mean, log_variance):
    """The mean over the code instead of the sum: a longer code would cost no more."""
    return nats(mean, log_variance) / mean.shape[1]


def as_deviation(mean, log_variance):
    """Takes the logarithm of the variance for that of the deviation."""
    return 0.5 * (mean**2 + np.exp(2 * log_variance) - 1 - 2 * log_variance).sum(1)


def total(mean, log_variance):
    """One number for all rows."""
    return nats(mean, log_variance).sum()


EXERCISE = Exercise(
    title="The price of a code",
    level=1,
    solution=nats,
    stages=(
        Stage(_shape, "One cost for each row: sum over the code, and not over the rows."),
        Stage(
            _nothing, "A code that is N(0, 1) whatever the input costs nothing. Put 0 and 1 into the formula."
        ),
        Stage(_means, "The parts of a code are independent, so their costs add up; they are not averaged."),
        Stage(
            _all, "The second argument is the logarithm of the variance: exp() of it is the variance itself."
        ),
    ),
    wrong=(
        Wrong(without_one, "costs nothing"),
        Wrong(averaged, "add up"),
        Wrong(as_deviation, "the variance itself"),
        Wrong(total, "One cost for each row"),
    ),
)
