"""Which symbols were never read?"""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def skipped_symbols(alignment):
    """Return the numbers of the symbols that got less than a weight of 0.5 over all steps together.

    alignment: (steps, symbols), rows sum to 1. Returns whole numbers, in order.
    """
    return np.flatnonzero(alignment.sum(0) < 0.5)


def _clear(candidate):
    found = np.asarray(candidate(np.eye(4)[[0, 0, 1, 3, 3]]))
    equal_arrays(found, [2], what="what is skipped if symbol 2 never gets a weight")


def _spread(candidate):
    found = np.asarray(candidate(np.array([[0.7, 0.3, 0.0], [0.1, 0.4, 0.5]])))
    equal_arrays(found, [], what="what is skipped if symbol 1 gets 0.3 and then 0.4")
    found = np.asarray(candidate(np.array([[0.75, 0.25, 0.0], [0.25, 0.25, 0.5], [0.6, 0.4, 0.0]])))
    equal_arrays(found, [], what="what is skipped if symbol 2 gets exactly 0.5")
    found = np.asarray(candidate(np.array([[0.8, 0.2, 0.0], [0.3, 0.2, 0.5]])))
    equal_arrays(found, [1], what="what is skipped if symbol 1 gets 0.2 twice")


def _numbers(candidate):
    found = np.asarray(candidate(np.eye(5)[[1, 3]]))
    equal_arrays(found, [0, 2, 4], what="the numbers of three skipped symbols, counted from 0")


def per_step(alignment):
    """The largest weight of a step, not all of them together."""
    return np.flatnonzero(alignment.max(0) < 0.5)


def read_ones(alignment):
    """The symbols that were read."""
    return np.flatnonzero(alignment.sum(0) >= 0.5)


def steps_instead(alignment):
    """The steps, summed over the wrong axis."""
    return np.flatnonzero(alignment.sum(1) < 0.5)


def from_one(alignment):
    """Counted from 1."""
    return 1 + skipped_symbols(alignment)


EXERCISE = Exercise(
    title="What was skipped",
    level=1,
    solution=skipped_symbols,
    stages=(
        Stage(_clear, "Add up the weights of each symbol over the steps, and name the ones that stay low."),
        Stage(_spread, "Several small weights may add up: a symbol need not win any step to be read."),
        Stage(_numbers, "Name the symbols that were not read, counted from 0."),
    ),
    wrong=(
        Wrong(read_ones, "the ones that stay low"),
        Wrong(steps_instead, "the ones that stay low"),
        Wrong(from_one, "the ones that stay low"),
        Wrong(per_step, "Several small weights"),
    ),
)
