"""What teaches the scores."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays

RANDOM = np.random.default_rng(35)


def score_gradient(h, weights, g):
    """Return the gradient of the loss with respect to the scores of the places.

    h: (places, channels); weights: (places,), the softmax of the scores; g: (channels,), the gradient with
    respect to the pooled mean weights @ h. Returns (places,).
    """
    gain = h @ g
    return weights * (gain - weights @ gain)


def _alike(candidate):
    h = np.tile(RANDOM.normal(size=(1, 3)), (4, 1))
    found = np.asarray(candidate(h, np.array([0.1, 0.2, 0.3, 0.4]), RANDOM.normal(size=3)), float)
    equal_arrays(found, np.zeros(4), atol=1e-9, what="the gradient if all places hold the same")


def _sum(candidate):
    weights = np.array([0.2, 0.5, 0.3])
    found = np.asarray(candidate(RANDOM.normal(size=(3, 5)), weights, RANDOM.normal(size=5)), float)
    equal_arrays(found.sum(), 0.0, atol=1e-9, what="the sum of the gradient over the places")


def _numbers(candidate):
    for places, channels in ((1, 2), (4, 3), (9, 9), (16, 1)):
        h, g, scores = (
            RANDOM.normal(size=(places, channels)),
            RANDOM.normal(size=channels),
            RANDOM.normal(size=places),
        )

        def loss(s, h=h, g=g):
            powers = np.exp(s)
            return powers @ h @ g / powers.sum()

        weights = np.exp(scores) / np.exp(scores).sum()
        slopes = [(loss(scores + d) - loss(scores - d)) / 2e-5 for d in 1e-5 * np.eye(places)]
        found = candidate(h, weights, g)
        equal_arrays(
            found, slopes, rtol=1e-5, atol=1e-7, what=f"the gradient of {places} places, by differences"
        )


def gain_alone(h, weights, g):
    """As if the weights could grow without another one shrinking."""
    return weights * (h @ g)


def no_softmax(h, weights, g):
    """The gradient with respect to the weights."""
    return h @ g


def plain_mean(h, weights, g):
    """Compared with the plain mean over places."""
    gain = h @ g
    return weights * (gain - gain.mean())


def like_a_sigmoid(h, weights, g):
    """Each place for itself: the derivative of a gate."""
    return weights * (1 - weights) * (h @ g)


def centred_gain(h, weights, g):
    """The right comparison, but places with little weight learn as much as others."""
    gain = h @ g
    return gain - weights @ gain


EXERCISE = Exercise(
    title="What teaches the scores",
    level=3,
    task="""
    The loss reaches a place's score through softmax and the mean. Take the derivative of
    $\\sum_k \\alpha_k\\, h_k \\cdot g$ with respect to one score; no matrix needs to be built.
    """,
    solution=score_gradient,
    stages=(
        Stage(_alike, "If all places hold the same, moving weight changes nothing: the gradient is zero."),
        Stage(_sum, "Raising all scores alike changes no weight, so the gradient sums to zero over places."),
        Stage(_numbers, "alpha_k times (h_k . g minus the mean of all h_j . g under the weights)."),
    ),
    wrong=(
        Wrong(gain_alone, "If all places hold the same"),
        Wrong(no_softmax, "If all places hold the same"),
        Wrong(plain_mean, "sums to zero over places"),
        Wrong(like_a_sigmoid, "If all places hold the same"),
        Wrong(centred_gain, "sums to zero over places"),
    ),
)
