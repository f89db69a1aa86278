"""One filter of the mel filter bank."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, as_array, equal_arrays, require


def triangle(hertz, left, centre, right):
    """Return a triangle over frequency: 0 at `left`, highest at `centre`, 0 at `right`, with area 1.

    hertz: (bins,), the frequency of each bin; left < centre < right, Hz. Returns (bins,).
    """
    rising = (hertz - left) / (centre - left)
    falling = (right - hertz) / (right - centre)
    return np.maximum(0, np.minimum(rising, falling)) * 2 / (right - left)


CASES = [(100.0, 200.0, 300.0), (100.0, 180.0, 400.0), (0.0, 310.0, 350.0), (1234.0, 1500.0, 1901.0)]


def _outside(candidate):
    for left, centre, right in CASES:
        hertz = np.array([0.0, left, right, right + 1, 8000.0])
        found = candidate(hertz, left, centre, right)
        equal_arrays(found, np.zeros(5), atol=1e-12, what=f"the triangle {left}, {centre}, {right} outside")


def _shape(candidate):
    for left, centre, right in CASES:
        hertz = np.array([(left + centre) / 2, centre, (centre + right) / 2])
        found = as_array(candidate(hertz, left, centre, right), "the triangle")
        require(found.shape == (3,), f"the triangle has shape {found.shape}, expected (3,)")
        require(
            np.allclose(found / found[1], [0.5, 1, 0.5]),
            f"relative to the top, the middles of the sides are {found[0] / found[1]:.3g} and "
            f"{found[2] / found[1]:.3g}, expected 0.5 and 0.5",
        )


def _area(candidate):
    hertz = np.arange(0, 8000, 0.5)
    for left, centre, right in CASES:
        area = np.sum(candidate(hertz, left, centre, right)) * 0.5
        require(abs(area - 1) < 1e-4, f"the triangle {left}, {centre}, {right} has area {area:.4g}")


def peak_one(hertz, left, centre, right):
    """HTK's triangle, of height 1."""
    rising = (hertz - left) / (centre - left)
    falling = (right - hertz) / (right - centre)
    return np.maximum(0, np.minimum(rising, falling))


def not_clipped(hertz, left, centre, right):
    """Negative outside."""
    rising = (hertz - left) / (centre - left)
    falling = (right - hertz) / (right - centre)
    return np.minimum(rising, falling) * 2 / (right - left)


def same_slope(hertz, left, centre, right):
    """Both sides as wide as the left one."""
    width = centre - left
    return np.where(hertz < right, np.maximum(0, 1 - np.abs(hertz - centre) / width) / width, 0)


EXERCISE = Exercise(
    title="One mel filter",
    level=2,
    task="""
    A mel filter is a triangle over frequency. Its sides differ: in hertz the right corner is farther away
    than the left one. Make its area 1, so that wide filters are not louder than narrow ones.
    """,
    solution=triangle,
    stages=(
        Stage(_outside, "Outside left and right the filter is 0, nowhere negative: `np.maximum(0, ...)`."),
        Stage(
            _shape,
            "Each side is a straight line of its own: one over centre - left, one over right - centre.",
        ),
        Stage(_area, "The area of a triangle is half its base times its height, and it must be 1."),
    ),
    wrong=(
        Wrong(peak_one, "must be 1"),
        Wrong(not_clipped, "nowhere negative"),
        Wrong(same_slope, "a straight line of its own"),
    ),
)
