"""Several channels, several filters, stride and padding."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays
from deepsense_lib.formulas.convolution import conv2d


def convolve_channels(x, w, b, stride, padding):
    """Convolve an image of several channels with several filters.

    x: (channels, height, width); w: (filters, channels, kernel_height, kernel_width); b: (filters,);
    stride, padding: whole numbers for both axes; zeros are added on all four sides.
    Returns (filters, out_height, out_width).
    """
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(1, 2))
    windows = windows[:, ::stride, ::stride]  # (channels, out_height, out_width, kernel_height, kernel_width)
    return np.einsum("cijuv,ocuv->oij", windows, w) + b[:, None, None]


def _compare(candidate, size, channels, filters, kernel, stride, padding, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(channels, *size))
    w, b = rng.normal(size=(filters, channels, *kernel)), rng.normal(size=filters)
    expected = conv2d(x[None], w, b, stride, padding)[0]
    equal_arrays(candidate(x, w, b, stride, padding), expected, what="the output")


def _channels(candidate):
    for seed in range(3):
        _compare(candidate, (5, 6), 3, 1, (3, 3), 1, 0, seed)


def _filters(candidate):
    for seed in range(3):
        _compare(candidate, (5, 5), 2, 4, (3, 2), 1, 0, 10 + seed)


def _padding(candidate):
    _compare(candidate, (5, 4), 2, 3, (3, 3), 1, 1, 20)
    _compare(candidate, (3, 3), 1, 2, (3, 3), 1, 2, 21)


def _stride(candidate):
    _compare(candidate, (8, 8), 2, 3, (3, 3), 2, 0, 30)
    _compare(candidate, (7, 9), 2, 3, (3, 3), 2, 1, 31)
    _compare(candidate, (9, 10), 1, 2, (2, 3), 3, 1, 32)


def channels_apart(x, w, b, stride, padding):
    """Only the first channel is looked at."""
    return conv2d(x[None, :1], w[:, :1], b, stride, padding)[0]


def mean_of_channels(x, w, b, stride, padding):
    """The channels are averaged instead of added."""
    return conv2d(x[None] / len(x), w, b, stride, padding)[0]


def one_bias_for_all(x, w, b, stride, padding):
    """The first filter's bias is given to all."""
    return conv2d(x[None], w, np.full(len(w), b[0]), stride, padding)[0]


def padded_after_only(x, w, b, stride, padding):
    """All zeros are put below and to the right, as TensorFlow's "same" does at stride 2."""
    return conv2d(x[None], w, b, stride, ((0, 2 * padding), (0, 2 * padding)))[0]


def stride_on_one_axis(x, w, b, stride, padding):
    """Rows are skipped, columns are not."""
    return conv2d(x[None], w, b, (stride, 1), padding)[0]


EXERCISE = Exercise(
    title="Channels, filters, stride, padding",
    level=3,
    task="""
    The full equation of this chapter. Loops are welcome: four of them at most, and a slice for the rest.
    """,
    solution=convolve_channels,
    stages=(
        Stage(
            _channels, "One output is a sum over all channels: each channel has its own slice of the kernel."
        ),
        Stage(_filters, "Each filter makes one output map, with its own kernel and its own bias."),
        Stage(_padding, "Zeros go around the image on all four sides, `padding` of them on each."),
        Stage(_stride, "The window jumps by `stride` pixels down and by `stride` pixels to the right."),
    ),
    wrong=(
        Wrong(channels_apart, "sum over all channels"),
        Wrong(mean_of_channels, "sum over all channels"),
        Wrong(one_bias_for_all, "its own bias"),
        Wrong(padded_after_only, "on all four sides"),
        Wrong(stride_on_one_axis, "to the right"),
    ),
)
