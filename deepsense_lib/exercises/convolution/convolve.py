"""One kernel over one image."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays

HAND = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 3.0], [2.0, 0.0, 1.0]])


def convolve(x, w, b):
    """Slide the kernel w over the image x, add up the products, add the bias b; no padding, stride 1.

    x: (height, width); w: (kernel_height, kernel_width); b: a number.
    Returns (height - kernel_height + 1, width - kernel_width + 1).
    """
    rows, columns = x.shape[0] - w.shape[0] + 1, x.shape[1] - w.shape[1] + 1
    y = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            y[i, j] = np.sum(x[i : i + w.shape[0], j : j + w.shape[1]] * w) + b
    return y


def _by_hand(candidate):
    # A symmetric kernel first: flipping it would not be noticed yet.
    equal_arrays(candidate(HAND, np.ones((2, 2)), 0.0), [[4, 6], [3, 5]], what="the sum over 2 x 2 windows")


def _random(candidate, shape, kernel, bias, seed):
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=shape), rng.normal(size=kernel)
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel)
    equal_arrays(candidate(x, w, bias), np.einsum("ijuv,uv->ij", windows, w) + bias, what="the output")


def _order(candidate):
    for seed in range(3):
        _random(candidate, (6, 6), (3, 3), 0.0, seed)


def _bias(candidate):
    for seed in range(3):
        _random(candidate, (5, 5), (3, 3), 2.5 - seed, seed)


def _oblong(candidate):
    _random(candidate, (4, 9), (3, 2), 0.5, 7)
    _random(candidate, (8, 3), (1, 3), -0.5, 8)
    _random(candidate, (3, 5), (3, 5), 1.0, 9)


def flipped(x, w, b):
    """A convolution as in mathematics: the kernel is turned by 180 degrees."""
    return convolve(x, w[::-1, ::-1], b)


def without_bias(x, w, b):
    """The bias is forgotten."""
    return convolve(x, w, 0.0)


def bias_in_every_product(x, w, b):
    """The bias is added once for each tap of the kernel."""
    return convolve(x, w, b * w.size)


def square_only(x, w, b):
    """Height is used for both axes."""
    n, k = x.shape[0], w.shape[0]
    y = np.zeros((n - k + 1, n - k + 1))
    for i in range(n - k + 1):
        for j in range(n - k + 1):
            y[i, j] = np.sum(x[i : i + k, j : j + k] * w) + b
    return y


def one_place_short(x, w, b):
    """The last row and column of windows are left out."""
    return convolve(x, w, b)[:-1, :-1]


EXERCISE = Exercise(
    title="Slide a kernel",
    level=2,
    task="""
    Write the convolution of this chapter for one grey image and one kernel, with two loops. What networks
    call a convolution does not flip the kernel.
    """,
    solution=convolve,
    stages=(
        Stage(
            _by_hand, "Put the window at (0, 0), multiply, add up; the last window touches the far corner."
        ),
        Stage(
            _order,
            "The pixel at (i + u, j + v) meets the kernel's tap (u, v): do not turn the kernel around.",
        ),
        Stage(_bias, "Add the bias once to every output, not never and not for every tap."),
        Stage(_oblong, "Rows and columns may differ in number: take each count from its own axis."),
    ),
    wrong=(
        Wrong(one_place_short, "touches the far corner"),
        Wrong(flipped, "do not turn the kernel around"),
        Wrong(without_bias, "Add the bias once"),
        Wrong(bias_in_every_product, "Add the bias once"),
        Wrong(square_only, "take each count from its own axis"),
    ),
)
