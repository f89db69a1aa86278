"""One mean over all places."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays

RANDOM = np.random.default_rng(31)


def pooled_places(h, scores):
    """Return the mean of all places under the softmax of their scores.

    h: (places, channels), what stands at each place; scores: (places,), as large as 1000 perhaps. Returns
    (channels,).
    """
    scores = np.asarray(scores, float)
    powers = np.exp(scores - scores.max())
    return powers @ np.asarray(h, float) / powers.sum()


def _hand(candidate):
    h = np.array([[4.0, 0.0], [0.0, 4.0], [8.0, 8.0]])
    equal_arrays(
        candidate(h, np.log([2.0, 1.0, 1.0])), [4, 3], what="the mean for scores of ln 2, ln 1, ln 1"
    )


def _equal(candidate):
    h = RANDOM.normal(size=(5, 3))
    equal_arrays(candidate(h, np.full(5, 2.5)), h.mean(0), what="the mean if all scores are equal")


def _more(candidate):
    for places, channels in ((1, 4), (9, 2), (4, 4), (64, 7)):
        h, scores = RANDOM.normal(size=(places, channels)), 2 * RANDOM.normal(size=places)
        equal_arrays(candidate(h, scores), pooled_places(h, scores), what=f"the mean of {places} places")


def _large(candidate):
    found = candidate(np.array([[1.0, 2.0], [3.0, 6.0], [9.0, 9.0]]), np.array([1000.0, 1000.0, -1000.0]))
    equal_arrays(found, [2, 4], what="the mean for scores of 1000, 1000, -1000")


def unnormalised(h, scores):
    """The weights do not sum to 1."""
    return np.exp(scores) @ h


def by_scores(h, scores):
    """The scores themselves as weights."""
    return scores @ h / scores.sum()


def only_the_best(h, scores):
    """A choice instead of a mean."""
    return h[np.argmax(scores)]


def over_channels(h, scores):
    """The softmax runs over what stands at a place, not over the places."""
    powers = np.exp(h)
    return (powers / powers.sum(1, keepdims=True) * h).mean(0)


def overflowing(h, scores):
    """Right until a score is large."""
    with np.errstate(all="ignore"):
        powers = np.exp(scores)
        return powers @ h / powers.sum()


EXERCISE = Exercise(
    title="One mean over all places",
    level=1,
    task="Places with a higher score count for more, and the weights of all places sum to 1.",
    solution=pooled_places,
    stages=(
        Stage(_hand, "Weights are exp(score) divided by their sum over the places: here 1/2, 1/4, 1/4."),
        Stage(_equal, "Equal scores give equal weights, so the result is the plain mean over places."),
        Stage(_more, "Softmax runs over the places (the rows of h), and each channel is averaged by itself."),
        Stage(_large, "exp(1000) overflows; subtract the largest score from all of them first."),
    ),
    wrong=(
        Wrong(unnormalised, "divided by their sum"),
        Wrong(by_scores, "divided by their sum"),
        Wrong(only_the_best, "divided by their sum"),
        Wrong(over_channels, "divided by their sum"),
        Wrong(overflowing, "subtract the largest score"),
    ),
)
