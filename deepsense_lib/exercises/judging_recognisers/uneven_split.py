"""Who wins where they disagree?"""

import math

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def uneven_split(first, second):
    """Return the two-sided probability that equally good classifiers disagree as unevenly as these.

    first, second: (n,) booleans: was the picture named rightly? Only pictures count on which one is right and
    the other wrong; each of these is a fair coin. At most 1.
    """
    only_first, only_second = np.sum(first & ~second), np.sum(second & ~first)
    n, k = int(only_first + only_second), int(min(only_first, only_second))
    tail = sum(math.comb(n, i) for i in range(k + 1)) / 2**n
    return min(1.0, 2 * tail)


def _pair(only_first, only_second, both, none):
    first = np.repeat([True, False, True, False], [only_first, only_second, both, none])
    second = np.repeat([False, True, True, False], [only_first, only_second, both, none])
    return first, second


def _five(candidate):
    equal_arrays(candidate(*_pair(5, 0, 0, 0)), 2 / 32, what="the probability of a split of 5 to 0")
    equal_arrays(candidate(*_pair(0, 5, 0, 0)), 2 / 32, what="the probability of a split of 0 to 5")


def _others(candidate):
    equal_arrays(
        candidate(*_pair(5, 0, 40, 7)), 2 / 32, what="the probability of 5 to 0 and 47 on which they agree"
    )


def _tail(candidate):
    expected = 2 * (1 + 10 + 45) / 2**10
    equal_arrays(candidate(*_pair(2, 8, 3, 3)), expected, what="the probability of a split of 2 to 8")


def _even(candidate):
    equal_arrays(candidate(*_pair(4, 4, 1, 1)), 1.0, what="the probability of a split of 4 to 4")
    equal_arrays(candidate(*_pair(0, 0, 5, 1)), 1.0, what="the probability if they never disagree")


def one_sided(first, second):
    """Only one side."""
    return uneven_split(first, second) / 2


def all_pictures(first, second):
    """Pictures on which they agree count too."""
    n, k = len(first), int(min(np.sum(first & ~second), np.sum(second & ~first)))
    return min(1.0, 2 * sum(math.comb(n, i) for i in range(k + 1)) / 2**n)


def this_split(first, second):
    """The probability of just this split, not of a more uneven one as well."""
    a, b = int(np.sum(first & ~second)), int(np.sum(second & ~first))
    return min(1.0, 2 * math.comb(a + b, a) / 2 ** (a + b))


def doubled(first, second):
    """Twice the tail, though it may pass 1."""
    a, b = int(np.sum(first & ~second)), int(np.sum(second & ~first))
    return 2 * sum(math.comb(a + b, i) for i in range(min(a, b) + 1)) / 2 ** (a + b)


EXERCISE = Exercise(
    title="Who wins where they disagree",
    level=2,
    solution=uneven_split,
    stages=(
        Stage(_five, "A fair coin gives 5 to 0 in 1 of 32 cases, and 0 to 5 as often: count both."),
        Stage(_others, "Pictures that both name rightly, or both wrongly, tell nothing: leave them out."),
        Stage(_tail, "Add the probabilities of all splits that are at least as uneven."),
        Stage(_even, "A probability is at most 1."),
    ),
    wrong=(
        Wrong(one_sided, "count both"),
        Wrong(all_pictures, "leave them out"),
        Wrong(this_split, "at least as uneven"),
        Wrong(doubled, "at most 1"),
    ),
)
