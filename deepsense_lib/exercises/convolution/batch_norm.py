"""Mean 0 and variance 1 for every channel."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def batch_norm(x, gamma, beta, epsilon=1e-5):
    """Normalise every channel by the mean and variance of the whole batch, then scale and shift.

    x: (batch, channels, height, width); gamma, beta: (channels,). Returns the shape of x.
    """
    mean = x.mean(axis=(0, 2, 3), keepdims=True)
    variance = x.var(axis=(0, 2, 3), keepdims=True)
    return gamma[:, None, None] * (x - mean) / np.sqrt(variance + epsilon) + beta[:, None, None]


def _example(shape, seed):
    rng = np.random.default_rng(seed)
    # Images of different brightness, so that a mean over each image is not the mean over the batch.
    x = (
        rng.normal(size=shape)
        + rng.normal(scale=2, size=(shape[0], 1, 1, 1))
        + np.arange(shape[1])[:, None, None]
    )
    return x, rng.uniform(0.5, 2, shape[1]), rng.normal(size=shape[1])


def _expected(x, gamma, beta, epsilon):
    rows = np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])
    rows = (rows - rows.mean(0)) / np.sqrt(((rows - rows.mean(0)) ** 2).mean(0) + epsilon) * gamma + beta
    return np.moveaxis(rows.reshape(x.shape[0], *x.shape[2:], x.shape[1]), -1, 1)


def _plain(candidate):
    for seed, shape in enumerate([(4, 5, 5, 5), (6, 4, 4, 4)]):
        x, _, _ = _example(shape, seed)
        ones, zeros = np.ones(shape[1]), np.zeros(shape[1])
        equal_arrays(candidate(x, ones, zeros), _expected(x, ones, zeros, 1e-5), 1e-4, "the normalised batch")


def _scale(candidate):
    for seed, shape in enumerate([(3, 4, 4, 4), (4, 5, 6, 3), (4, 3, 4, 4)]):
        x, gamma, beta = _example(shape, 10 + seed)
        equal_arrays(candidate(x, gamma, beta), _expected(x, gamma, beta, 1e-5), 1e-4, "the output")


def _flat(candidate):
    x, gamma, beta = np.full((3, 2, 2, 2), 7.0), np.ones(2), np.array([0.5, -1.0])
    equal_arrays(
        candidate(x, gamma, beta, 1e-3), _expected(x, gamma, beta, 1e-3), what="the output for a flat batch"
    )
    x, gamma, beta = _example((3, 2, 3, 3), 20)
    equal_arrays(
        candidate(x, gamma, beta, 0.5), _expected(x, gamma, beta, 0.5), what="the output for epsilon 0.5"
    )
    # So little varies here that the default of epsilon is seen.
    equal_arrays(
        candidate(x / 300, gamma, beta),
        _expected(x / 300, gamma, beta, 1e-5),
        what="the output for a dim batch",
    )


def per_image(x, gamma, beta, epsilon=1e-5):
    """Each image by its own mean: that is instance normalisation."""
    mean, variance = x.mean(axis=(2, 3), keepdims=True), x.var(axis=(2, 3), keepdims=True)
    return gamma[:, None, None] * (x - mean) / np.sqrt(variance + epsilon) + beta[:, None, None]


def per_pixel(x, gamma, beta, epsilon=1e-5):
    """Mean over the batch only: each place has statistics of its own."""
    return gamma[:, None, None] * (x - x.mean(0)) / np.sqrt(x.var(0) + epsilon) + beta[:, None, None]


def over_everything(x, gamma, beta, epsilon=1e-5):
    """One mean for all channels."""
    return gamma[:, None, None] * (x - x.mean()) / np.sqrt(x.var() + epsilon) + beta[:, None, None]


def unbiased(x, gamma, beta, epsilon=1e-5):
    """Divided by n - 1, as a statistician would; the frameworks divide by n here."""
    mean, variance = x.mean(axis=(0, 2, 3), keepdims=True), x.var(axis=(0, 2, 3), keepdims=True, ddof=1)
    return gamma[:, None, None] * (x - mean) / np.sqrt(variance + epsilon) + beta[:, None, None]


def shift_before_scale(x, gamma, beta, epsilon=1e-5):
    """Beta is added too early and then scaled by gamma."""
    plain = batch_norm(x, np.ones_like(gamma), np.zeros_like(beta), epsilon)
    return gamma[:, None, None] * (plain + beta[:, None, None])


def along_the_last_axis(x, gamma, beta, epsilon=1e-5):
    """Gamma and beta meet the width instead of the channels."""
    plain = batch_norm(x, np.ones_like(gamma), np.zeros_like(beta), epsilon)
    return gamma * plain + beta


def epsilon_outside(x, gamma, beta, epsilon=1e-5):
    """Epsilon is added to the deviation, not to the variance."""
    mean, deviation = x.mean(axis=(0, 2, 3), keepdims=True), x.std(axis=(0, 2, 3), keepdims=True)
    return gamma[:, None, None] * (x - mean) / (deviation + epsilon) + beta[:, None, None]


EXERCISE = Exercise(
    title="Normalise a batch",
    level=2,
    task="""
    Which axes go into the mean? A channel is one kind of feature; the batch and the places are its samples.
    """,
    solution=batch_norm,
    stages=(
        Stage(
            _plain,
            "Take one mean and one variance (divide by n) for each channel, over batch, rows and columns.",
        ),
        Stage(
            _scale,
            "Normalise first, then multiply by gamma, then add beta: one of each for every channel (axis 1).",
        ),
        Stage(
            _flat, "Epsilon is added to the variance, inside the root, so that nothing is divided by zero."
        ),
    ),
    wrong=(
        Wrong(per_image, "for each channel, over batch"),
        Wrong(per_pixel, "for each channel, over batch"),
        Wrong(over_everything, "for each channel, over batch"),
        Wrong(unbiased, "divide by n"),
        Wrong(shift_before_scale, "then add beta"),
        Wrong(along_the_last_axis, "one of each for every channel"),
        Wrong(epsilon_outside, "inside the root"),
    ),
)
