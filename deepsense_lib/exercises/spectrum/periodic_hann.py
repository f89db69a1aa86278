"""The window whose copies add up."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, as_array, equal_arrays, require


def periodic_hann(size):
    """Return the periodic Hann window: 0 at sample 0, and 0 again at sample `size`, the first one outside.

    size: a whole number of at least 2. Returns (size,).
    """
    n = np.arange(size)
    return 0.5 - 0.5 * np.cos(2 * np.pi * n / size)


def _four(candidate):
    equal_arrays(as_array(candidate(4)).shape, (4,), what="the shape of the window of size 4")
    equal_arrays(as_array(candidate(4))[0], 0, what="the first sample", atol=1e-9)


def _adds_up(candidate):
    for size in (4, 16, 50):
        window = as_array(candidate(size), "the window")
        total = window[: size // 2] + window[size // 2 :]
        require(
            np.allclose(total, total[0]),
            f"for size {size}, the two halves laid over each other add up to between {total.min():.4g} and "
            f"{total.max():.4g}, expected one constant",
        )


def _values(candidate):
    for size in (2, 4, 5, 16, 33):
        n = np.arange(size)
        equal_arrays(candidate(size), np.sin(np.pi * n / size) ** 2, what=f"the window of size {size}")


def symmetric(size):
    """`np.hanning` ends at 0 as well."""
    return np.hanning(size)


def sine(size):
    """The square is missing."""
    return np.sin(np.pi * np.arange(size) / size)


def upside_down(size):
    """A plus for a minus."""
    return 0.5 + 0.5 * np.cos(2 * np.pi * np.arange(size) / size)


def triangle(size):
    """It adds up too, but it is another window."""
    return 1 - np.abs(2 * np.arange(size) / size - 1)


EXERCISE = Exercise(
    title="A window whose copies add up",
    level=1,
    task="""
    Write the window of this chapter yourself. Beware of `np.hanning`: it is the *symmetric* window, made for
    looking at one spectrum, not for cutting a sound into pieces and adding them up again.
    """,
    solution=periodic_hann,
    stages=(
        Stage(_four, "The window has `size` samples and begins with 0."),
        Stage(
            _adds_up,
            "Two copies, half a window apart, must add to a constant: divide by `size`, not by `size - 1`.",
        ),
        Stage(_values, "The shape is a raised cosine, the square of a sine; its peak is 1."),
    ),
    wrong=(
        Wrong(symmetric, "divide by `size`"),
        Wrong(sine, "must add to a constant"),
        Wrong(upside_down, "begins with 0"),
        Wrong(triangle, "raised cosine"),
    ),
)
