"""A gradient by central differences."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def numeric_gradient(f, x, h=1e-5):
    """Return the gradient of f at x by central differences.

    f: takes an array of the shape of x and returns one number; x: floats of any shape, which must not be
    changed; h: the step. Returns an array of the shape of x.
    """
    found = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += h
        down[place] -= h
        found[place] = (f(up) - f(down)) / (2 * h)
    return found


def _line(candidate):
    x = np.array([1.0, -2.0, 0.5])
    equal_arrays(
        candidate(lambda v: 3 * v[0] - v[1] + 4 * v[2], x), [3, -1, 4], what="the gradient of a plane"
    )


def _two_sides(candidate):
    x = np.array([0.3, -1.2])
    expected = 3 * x**2 + 0.01
    found = candidate(lambda v: float(np.sum(v**3)), x, 0.1)
    equal_arrays(found, expected, what="the gradient of a sum of cubes with the step 0.1")


def _shape(candidate):
    random = np.random.default_rng(0)
    for shape in ((2, 3), (2, 2, 2), (1,)):
        a, x = random.normal(size=(2, *shape))
        found = candidate(lambda v, a=a: float(np.sum(a * np.tanh(v))), x)
        equal_arrays(found, a * (1 - np.tanh(x) ** 2), what=f"the gradient at x of shape {shape}")


def one_side(f, x, h=1e-5):
    """A forward difference."""
    found = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        up = x.copy()
        up[place] += h
        found[place] = (f(up) - f(x)) / h
    return found


def half(f, x, h=1e-5):
    """The distance is 2h, not h."""
    return 2 * numeric_gradient(f, x, h)


def all_at_once(f, x, h=1e-5):
    """All numbers are moved together."""
    return np.full(x.shape, (f(x + h) - f(x - h)) / (2 * h))


def rows_only(f, x, h=1e-5):
    """Works for one axis only."""
    found = np.zeros_like(x)
    for k in range(len(x)):
        up, down = x.copy(), x.copy()
        up[k] += h
        down[k] -= h
        found[k] = (f(up) - f(down)) / (2 * h)
    return found


def in_place(f, x, h=1e-5):
    """x is moved and not moved back."""
    found = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        x[place] += h
        high = f(x)
        x[place] -= 2 * h
        found[place] = (high - f(x)) / (2 * h)
    return found


EXERCISE = Exercise(
    title="Check any gradient",
    level=2,
    task="""
    Ten lines that will find the mistakes of all your later derivations. `np.ndindex(x.shape)` walks through
    all places of an array of any shape.
    """,
    solution=numeric_gradient,
    stages=(
        Stage(_line, "Move one number at a time, up and down by h, and divide by the distance, 2h."),
        Stage(_two_sides, "Take both sides, x + h and x - h: with one side the error falls only like h."),
        Stage(_shape, "x may have any shape: walk through all of its places."),
    ),
    wrong=(
        Wrong(half, "divide by the distance, 2h"),
        Wrong(all_at_once, "Move one number at a time"),
        Wrong(one_side, "with one side the error falls only like h"),
        Wrong(rows_only, "walk through all of its places"),
        Wrong(in_place, "changes the array that it was given"),
    ),
)
