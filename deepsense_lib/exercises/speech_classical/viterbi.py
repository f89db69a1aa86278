"""The cheapest row of units."""

import itertools

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays
from deepsense_lib.formulas.unit_selection import cheapest_path


def viterbi(targets, joins):
    """Return the numbers of the units of the cheapest row, one for each place.

    targets: list of (candidates,); joins: list of (left, right), one less than places.
    """
    best, back = np.asarray(targets[0], float), []
    for target, join in zip(targets[1:], joins, strict=True):
        ways = best[:, None] + join
        back.append(ways.argmin(0))
        best = ways.min(0) + target
    units = [int(best.argmin())]
    for came_from in back[::-1]:
        units.append(int(came_from[units[-1]]))
    return np.array(units[::-1])


def _joins(candidate):
    targets = [np.array([0.0, 1.0]), np.array([0.0, 1.0])]
    joins = [np.array([[9.0, 9.0], [9.0, 0.0]])]
    equal_arrays(candidate(targets, joins), [1, 1], what="two places where only one join is free")


def _ahead(candidate):
    equal_arrays(candidate([np.array([2.0, 1.0])], []), [1], what="a single place")
    random = np.random.default_rng(3)
    for _ in range(20):
        sizes = random.integers(1, 5, size=5)
        targets = [random.random(n) for n in sizes]
        joins = [2 * random.random((a, b)) for a, b in itertools.pairwise(sizes)]
        want = cheapest_path(targets, joins).units
        equal_arrays(candidate(targets, joins), want, what=f"a row of {len(sizes)} places")


def deaf(targets, joins):
    """The best unit at each place."""
    return np.array([int(np.argmin(t)) for t in targets])


def greedy(targets, joins):
    """The best first step of all pairs, and then always the best next step."""
    if len(targets) == 1:
        return np.array([int(np.argmin(targets[0]))])
    first = targets[0][:, None] + joins[0] + targets[1]
    units = list(np.unravel_index(first.argmin(), first.shape))
    for target, join in zip(targets[2:], joins[1:], strict=True):
        units.append(int(np.argmin(join[units[-1]] + target)))
    return np.array(units)


EXERCISE = Exercise(
    title="The cheapest row",
    level=3,
    solution=viterbi,
    stages=(
        Stage(_joins, "The joins cost too: a dear unit with a free join may win."),
        Stage(_ahead, "Keep the best way to every candidate, and decide only at the end."),
    ),
    wrong=(Wrong(deaf, "joins cost too"), Wrong(greedy, "decide only at the end")),
)
