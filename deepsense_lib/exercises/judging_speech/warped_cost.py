"""The cheapest way through a table."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays

RANDOM = np.random.default_rng(5)


def warped_cost(costs):
    """Return the cost of the cheapest path from the first cell to the last.

    costs: (rows, columns). A step goes one down, one right, or one down and right. The cost of a path is the
    sum of its cells, first and last included.
    """
    total = np.full((costs.shape[0] + 1, costs.shape[1] + 1), np.inf)
    total[0, 0] = 0.0
    for i in range(costs.shape[0]):
        for j in range(costs.shape[1]):
            before = min(total[i, j], total[i, j + 1], total[i + 1, j])
            total[i + 1, j + 1] = costs[i, j] + before
    return total[-1, -1]


def _cheapest(costs):
    """Try every path, another way than the solution."""
    rows, columns = costs.shape

    def go(i, j):
        if (i, j) == (rows - 1, columns - 1):
            return costs[i, j]
        ways = [(i + 1, j), (i, j + 1), (i + 1, j + 1)]
        return costs[i, j] + min(go(a, b) for a, b in ways if a < rows and b < columns)

    return go(0, 0)


def _square(candidate):
    costs = np.array([[0.0, 5, 5], [5, 0, 5], [5, 5, 0]])
    equal_arrays(candidate(costs), 0.0, what="the cost where the diagonal is free")
    equal_arrays(candidate(costs + 1), 3.0, what="the cost if every cell costs 1 more")


def _corner(candidate):
    costs = np.array([[0.0, 9, 9], [1, 9, 9], [1, 1, 1]])
    equal_arrays(candidate(costs), 3.0, what="the cost of the path down, across, and right")
    equal_arrays(candidate(costs.T), 3.0, what="the same, mirrored")


def _line(candidate):
    equal_arrays(candidate(np.array([[5.0, 1], [1, 1]])), 6.0, what="the cost if the first cell is dear")
    equal_arrays(candidate(np.array([[1.0, 2, 3]])), 6.0, what="the cost of a single row 1, 2, 3")
    equal_arrays(candidate(np.array([[1.0], [2], [3]])), 6.0, what="the cost of a single column 1, 2, 3")


def _random(candidate):
    for shape in ((3, 4), (5, 2), (4, 4)):
        costs = RANDOM.random(shape)
        equal_arrays(candidate(costs), _cheapest(costs), what=f"the cost of a random table {shape}")


def diagonal(costs):
    """The diagonal alone: no warping."""
    return np.trace(costs)


def no_diagonal(costs):
    """Only down and right."""
    total = np.full((costs.shape[0] + 1, costs.shape[1] + 1), np.inf)
    total[0, 1] = 0.0
    for i in range(costs.shape[0]):
        for j in range(costs.shape[1]):
            total[i + 1, j + 1] = costs[i, j] + min(total[i, j + 1], total[i + 1, j])
    return total[-1, -1]


def greedy(costs):
    """The cheapest next cell, without looking ahead."""
    i = j = 0
    total = costs[0, 0]
    while (i, j) != (costs.shape[0] - 1, costs.shape[1] - 1):
        ways = [(i + 1, j + 1), (i + 1, j), (i, j + 1)]
        i, j = min(
            (w for w in ways if w[0] < costs.shape[0] and w[1] < costs.shape[1]), key=lambda w: costs[w]
        )
        total += costs[i, j]
    return total


def free_start(costs):
    """May begin anywhere in the first row or column."""
    total = np.zeros((costs.shape[0] + 1, costs.shape[1] + 1))
    for i in range(costs.shape[0]):
        for j in range(costs.shape[1]):
            total[i + 1, j + 1] = costs[i, j] + min(total[i, j], total[i, j + 1], total[i + 1, j])
    return total[-1, -1]


EXERCISE = Exercise(
    title="The cheapest way through",
    level=3,
    solution=warped_cost,
    stages=(
        Stage(_square, "A step may go down and right at once; each cell of the path is paid once."),
        Stage(_corner, "The path may leave the diagonal where that is cheaper."),
        Stage(_line, "The path begins in the first cell, also where only one way leads on."),
        Stage(
            _random, "The cheapest next cell may lead into a dear corner: keep the best total of each cell."
        ),
    ),
    wrong=(
        Wrong(no_diagonal, "down and right at once"),
        Wrong(diagonal, "may leave the diagonal"),
        Wrong(free_start, "begins in the first cell"),
        Wrong(greedy, "a dear corner"),
    ),
)
