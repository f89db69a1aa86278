"""Four look-ups instead of a sum over pixels."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def rectangle(sums, top, left, height, width):
    """Add up the pixels of a rectangle, from the integral image alone.

    sums: (rows + 1, columns + 1); sums[r, c] is the sum of all pixels above row r and left of column c.
    Returns one number: the sum over rows top to top + height - 1, columns left to left + width - 1.
    """
    bottom, right = top + height, left + width
    return sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]


def _compare(candidate, x, places):
    sums = np.pad(x.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    for top, left, height, width in places:
        expected = x[top : top + height, left : left + width].sum()
        equal_arrays(
            candidate(sums, top, left, height, width),
            expected,
            what=f"the sum for top {top}, left {left}, height {height}, width {width}",
        )


def _from_the_corner(candidate):
    _compare(candidate, np.arange(1, 10).reshape(3, 3), [(0, 0, 3, 3), (0, 0, 2, 2), (0, 0, 1, 1)])


def _inside(candidate):
    _compare(candidate, np.arange(1, 10).reshape(3, 3), [(1, 1, 2, 2), (1, 1, 1, 1), (0, 2, 1, 1)])


def _oblong(candidate):
    x = np.random.default_rng(0).integers(0, 256, (7, 11))
    _compare(candidate, x, [(2, 5, 3, 6), (0, 9, 7, 2), (6, 0, 1, 11), (1, 4, 5, 2), (3, 3, 2, 4)])
    _compare(candidate, x / 7, [(2, 1, 4, 9)])


def corner_lost(sums, top, left, height, width):
    """What lies above and to the left is taken away twice."""
    bottom, right = top + height, left + width
    return sums[bottom, right] - sums[top, right] - sums[bottom, left]


def pixel_counting(sums, top, left, height, width):
    """The far corner is taken for the last pixel, not for the grid point behind it."""
    bottom, right = top + height - 1, left + width - 1
    return sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]


def swapped(sums, top, left, height, width):
    """Height and width are mixed up."""
    return rectangle(sums, top, left, width, height)


def summed_again(sums, top, left, height, width):
    """The integral image is added up, as if it were the picture."""
    return sums[top : top + height, left : left + width].sum()


EXERCISE = Exercise(
    title="A rectangle from four numbers",
    level=1,
    task="""
    The detector asks thousands of these sums per picture. Each must cost four look-ups, however large the
    rectangle is.
    """,
    solution=rectangle,
    stages=(
        Stage(
            _from_the_corner,
            "The rectangle ends at the grid point (top + height, left + width); its entry already is a sum.",
        ),
        Stage(_inside, "Take away what lies above and what lies to the left; their common part only once."),
        Stage(_oblong, "Height belongs to rows, the first index; width to columns, the second."),
    ),
    wrong=(
        Wrong(pixel_counting, "ends at the grid point"),
        Wrong(summed_again, "already is a sum"),
        Wrong(corner_lost, "their common part only once"),
        Wrong(swapped, "Height belongs to rows"),
    ),
)
