"""The gradient that trains a kernel."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def kernel_gradient(x, g):
    """Gradient of the loss with respect to the kernel of a convolution without padding, stride 1.

    x: (height, width), the input; g: (out_height, out_width), the gradient with respect to the output.
    Returns (height - out_height + 1, width - out_width + 1), the size of the kernel.
    """
    height, width = x.shape[0] - g.shape[0] + 1, x.shape[1] - g.shape[1] + 1
    dw = np.zeros((height, width))
    for u in range(height):
        for v in range(width):
            dw[u, v] = np.sum(g * x[u : u + g.shape[0], v : v + g.shape[1]])
    return dw


def _numerical(x, g):
    """The loss is linear in the kernel, so a unit step in each tap gives the exact gradient."""
    shape = (x.shape[0] - g.shape[0] + 1, x.shape[1] - g.shape[1] + 1)
    windows = np.lib.stride_tricks.sliding_window_view(x, shape)
    return np.array([[np.sum(g * windows[..., u, v]) for v in range(shape[1])] for u in range(shape[0])])


def _compare(candidate, size, out, seed):
    rng = np.random.default_rng(seed)
    x, g = rng.normal(size=size), rng.normal(size=out)
    equal_arrays(candidate(x, g), _numerical(x, g), what="the gradient")


def _one_place(candidate):
    x, g = np.arange(12.0).reshape(3, 4), np.zeros((2, 2))
    g[0, 1] = 1
    equal_arrays(candidate(x, g), x[0:2, 1:4], what="the gradient of the single output (0, 1)")


def _many(candidate):
    for seed in range(3):
        _compare(candidate, (6, 6), (4, 4), seed)


def _oblong(candidate):
    _compare(candidate, (5, 9), (4, 6), 10)
    _compare(candidate, (7, 3), (7, 1), 11)


def flipped(x, g):
    """The kernel is turned as in the gradient for the input."""
    return kernel_gradient(x, g)[::-1, ::-1]


def averaged(x, g):
    """The places are averaged instead of added."""
    return kernel_gradient(x, g) / g.size


def absolute(x, g):
    """Only the size of the gradient is used."""
    return kernel_gradient(x, np.abs(g))


def transposed(x, g):
    """Rows and columns are exchanged."""
    return kernel_gradient(x, g).T


EXERCISE = Exercise(
    title="What a kernel learns from",
    level=3,
    task="""
    Every output is a sum over the taps of the kernel, so a tap (u, v) has a say in every output (i, j): with
    the weight x[i + u, j + v]. Add up what comes back from all of them.
    """,
    solution=kernel_gradient,
    stages=(
        Stage(_one_place, "If a single output matters, the gradient is the window of the image that it saw."),
        Stage(_many, "The same kernel is used at all places: add up, over all outputs, g times the window."),
        Stage(
            _oblong,
            "Rows and columns may differ in number: the kernel's size follows from x and g on each axis.",
        ),
    ),
    wrong=(
        Wrong(flipped, "the window of the image that it saw"),
        Wrong(averaged, "the window of the image that it saw"),
        Wrong(absolute, "add up, over all outputs"),
        Wrong(transposed, "the window of the image that it saw"),
    ),
)
