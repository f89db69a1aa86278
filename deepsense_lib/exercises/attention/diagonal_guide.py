"""What a weight far from the diagonal costs."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def diagonal_guide(symbols, steps, spread):
    """Return the cost of each weight, (steps, symbols): 0 on the diagonal, nearly 1 far from it.

    With t counted from 0 as a share of the steps, and n as a share of the symbols, the cost is
    1 - exp(-(n - t)^2 / (2 spread^2)).
    """
    n, t = np.arange(symbols) / symbols, np.arange(steps) / steps
    return 1 - np.exp(-((n[None] - t[:, None]) ** 2) / (2 * spread**2))


def _shape(candidate):
    equal_arrays(np.shape(candidate(3, 5, 0.2)), (5, 3), what="the shape for 3 symbols and 5 steps")


def _corners(candidate):
    found = np.asarray(candidate(10, 10, 0.1), float)
    equal_arrays(
        np.round([found[0, 0], found[-1, 0]], 6), [0, 1], what="the cost at the start and in the corner"
    )


def _diagonal(candidate):
    found = np.asarray(candidate(4, 12, 0.2), float)
    equal_arrays(found[::3].diagonal(), np.zeros(4), what="the cost of 4 symbols that last 3 steps each")


def _spread(candidate):
    equal_arrays(candidate(2, 1, 0.5)[0, 1], 1 - np.exp(-0.5), what="the cost at a distance of one spread")


def absolute(symbols, steps, spread):
    """Distances in symbols and steps, not in shares."""
    n, t = np.arange(symbols), np.arange(steps)
    return 1 - np.exp(-((n[None] - t[:, None]) ** 2) / (2 * spread**2))


def reward(symbols, steps, spread):
    """A reward where a cost is asked for."""
    return 1 - diagonal_guide(symbols, steps, spread)


def transposed(symbols, steps, spread):
    """Symbols before steps."""
    return diagonal_guide(symbols, steps, spread).T


def no_half(symbols, steps, spread):
    """The 2 of the exponent is missing."""
    return 1 - (1 - diagonal_guide(symbols, steps, spread)) ** 2


EXERCISE = Exercise(
    title="The guide",
    level=2,
    solution=diagonal_guide,
    stages=(
        Stage(_shape, "One row for each step, one column for each symbol."),
        Stage(_corners, "It is a cost: 0 on the diagonal, nearly 1 in the far corners."),
        Stage(_diagonal, "Measure both as shares: halfway through the steps, half of the text is free."),
        Stage(_spread, "At a distance of one spread the exponent is -1/2."),
    ),
    wrong=(
        Wrong(transposed, "One row for each step"),
        Wrong(reward, "0 on the diagonal"),
        Wrong(absolute, "Measure both as shares"),
        Wrong(no_half, "the exponent is -1/2"),
    ),
)
