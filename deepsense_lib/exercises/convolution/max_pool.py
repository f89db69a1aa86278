"""Keep the largest of four."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def max_pool(x):
    """Keep the largest value of every 2 x 2 tile.

    x: (channels, height, width), height and width even. Returns (channels, height / 2, width / 2).
    """
    channels, height, width = x.shape
    return x.reshape(channels, height // 2, 2, width // 2, 2).max(axis=(2, 4))


def _expected(x):
    tiles = [x[:, i::2, j::2] for i in (0, 1) for j in (0, 1)]
    return np.maximum.reduce(tiles)


def _hand(candidate):
    x = np.array([[[1.0, 5.0, 0.0, 2.0], [3.0, 4.0, 7.0, 1.0]]])
    equal_arrays(candidate(x), [[[5, 7]]], what="the pooled map")


def _negative(candidate):
    for seed in range(3):
        x = -np.random.default_rng(seed).uniform(1, 2, (1, 6, 6))
        equal_arrays(candidate(x), _expected(x), what="the pooled map")


def _channels(candidate):
    for shape in [(3, 4, 8), (1, 2, 2), (5, 8, 2)]:
        x = np.random.default_rng(sum(shape)).normal(size=shape)
        equal_arrays(candidate(x), _expected(x), what="the pooled map")


def mean_pool(x):
    """The mean instead of the largest."""
    channels, height, width = x.shape
    return x.reshape(channels, height // 2, 2, width // 2, 2).mean(axis=(2, 4))


def every_second(x):
    """Stride without a window: three of four values are never looked at."""
    return x[:, ::2, ::2]


def overlapping(x):
    """The window moves by one pixel only."""
    return np.lib.stride_tricks.sliding_window_view(x, (2, 2), axis=(1, 2)).max(axis=(3, 4))


def from_zero(x):
    """The largest is searched from zero on."""
    return np.maximum(max_pool(x), 0)


def one_plane(x):
    """The channels are pooled away too."""
    return max_pool(x).max(axis=0, keepdims=True)


EXERCISE = Exercise(
    title="Keep the largest of four",
    level=1,
    solution=max_pool,
    stages=(
        Stage(_hand, "Cut the map into 2 x 2 tiles that do not overlap, and keep the largest value of each."),
        Stage(_negative, "If all four values are negative, the largest of them is negative too."),
        Stage(_channels, "Each channel is pooled by itself, and height and width need not be equal."),
    ),
    wrong=(
        Wrong(mean_pool, "keep the largest value"),
        Wrong(every_second, "keep the largest value"),
        Wrong(overlapping, "do not overlap"),
        Wrong(from_zero, "is negative too"),
        Wrong(one_plane, "Each channel is pooled by itself"),
    ),
)
