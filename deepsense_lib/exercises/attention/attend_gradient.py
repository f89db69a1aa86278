"""How a loss moves the scores."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays

RANDOM = np.random.default_rng(8)
SCORES, GRADIENT = RANDOM.normal(size=5), RANDOM.normal(size=5)


def attend_gradient(weights, gradient):
    """Return the gradient of a loss with respect to the scores.

    weights: (symbols,), what softmax made of the scores; gradient: (symbols,), of the loss with respect to
    the weights.
    """
    return weights * (gradient - weights @ gradient)


def _common(candidate):
    weights = np.array([0.2, 0.3, 0.5])
    equal_arrays(
        candidate(weights, np.ones(3)), np.zeros(3), what="the gradient if all weights cost the same"
    )


def _sure(candidate):
    equal_arrays(candidate(np.eye(4)[1], GRADIENT[:4]), np.zeros(4), what="the gradient if one weight is 1")


def _numbers(candidate):
    def loss(scores):
        powers = np.exp(scores)
        return powers @ GRADIENT / powers.sum()

    weights = np.exp(SCORES) / np.exp(SCORES).sum()
    slopes = [(loss(SCORES + d) - loss(SCORES - d)) / 2e-5 for d in 1e-5 * np.eye(5)]
    equal_arrays(
        np.round(candidate(weights, GRADIENT), 6), np.round(slopes, 6), what="the gradient, by differences"
    )


def sigmoid_like(weights, gradient):
    """Each symbol for itself: the derivative of a sigmoid."""
    return weights * (1 - weights) * gradient


def passed_on(weights, gradient):
    """As if softmax were not there."""
    return gradient


def plain_mean(weights, gradient):
    """The mean over symbols instead of the mean under the weights."""
    return weights * (gradient - gradient.mean())


EXERCISE = Exercise(
    title="Back through softmax",
    level=3,
    task="Use the Jacobian of softmax, without building the matrix.",
    solution=attend_gradient,
    stages=(
        Stage(_common, "If all weights cost the same, no score matters: the weights sum to 1 anyway."),
        Stage(_sure, "Where all weight lies on one symbol the Jacobian is 0, and nothing is learned."),
        Stage(_numbers, "Compare each symbol's gradient with the mean of all under the weights."),
    ),
    wrong=(
        Wrong(sigmoid_like, "no score matters"),
        Wrong(passed_on, "no score matters"),
        Wrong(plain_mean, "is learned"),
    ),
)
