"""A draw that gradients can pass."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays

NOISE = np.random.default_rng(5).normal(size=(20000, 2))


def draw(mean, log_variance, noise):
    """Return draws from N(mean, exp(log_variance)), made from standard normal noise.

    mean, log_variance: (code,); noise: (draws, code). Returns (draws, code).
    """
    return mean + np.exp(log_variance / 2) * noise


def _given(candidate):
    found = candidate(np.array([1.0, 2.0]), np.zeros(2), NOISE[:3])
    equal_arrays(found, NOISE[:3] + np.array([1.0, 2.0]), what="three draws with variance 1")


def _width(candidate):
    found = np.var(candidate(np.zeros(2), np.log([4.0, 0.25]), NOISE), axis=0)
    equal_arrays(found, np.var(NOISE, axis=0) * [4.0, 0.25], what="the variances of the draws")


def own_noise(mean, log_variance, noise):
    """Draws for itself: nothing that depends on the mean can be repeated or derived."""
    return np.random.default_rng(0).normal(mean, np.exp(log_variance / 2), noise.shape)


def variance_as_deviation(mean, log_variance, noise):
    """Multiplies by the variance."""
    return mean + np.exp(log_variance) * noise


def logarithm_itself(mean, log_variance, noise):
    """Multiplies by the logarithm."""
    return mean + log_variance * noise


EXERCISE = Exercise(
    title="Noise from outside",
    level=1,
    solution=draw,
    stages=(
        Stage(
            _given, "Use the noise that is given, moved by the mean. Noise of your own cannot be repeated."
        ),
        Stage(_width, "The deviation is the root of the variance, and only the noise is multiplied."),
    ),
    wrong=(
        Wrong(own_noise, "cannot be repeated"),
        Wrong(variance_as_deviation, "root of the variance"),
        Wrong(logarithm_itself, "Use the noise"),
    ),
)
