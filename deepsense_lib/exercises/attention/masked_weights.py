"""Softmax over the symbols that are there."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays, require

SCORES = np.array([[1.0, 2.0, 0.5, 9.0], [0.0, -1.0, 3.0, 1.0]])
MASK = np.array([[1, 1, 1, 0], [1, 1, 1, 1]])


def masked_weights(scores, mask):
    """Return softmax weights over the last axis; where the mask is 0 the weight is 0, and rows sum to 1.

    scores, mask: (steps, symbols). Scores may be as large as 1000.
    """
    scores = np.where(mask > 0, scores, -np.inf)
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def _plain(candidate):
    found = candidate(np.log([[1.0, 2.0, 5.0]]), np.ones((1, 3)))
    equal_arrays(found, [[0.125, 0.25, 0.625]], what="the weights for scores of ln 1, ln 2, ln 5")


def _padding(candidate):
    found = np.asarray(candidate(SCORES, MASK), float)
    require(found.shape == (2, 4), f"expected an array of shape (2, 4), found {found.shape}")
    require(found[0, 3] == 0, f"padding has the weight {found[0, 3]:.3g}, expected 0")


def _sum(candidate):
    found = np.asarray(candidate(SCORES, MASK), float)
    equal_arrays(found.sum(-1), [1, 1], what="the sums of the rows")


def _large(candidate):
    found = candidate(np.array([[1000.0, 1000.0, 0.0]]), np.ones((1, 3)))
    equal_arrays(found, [[0.5, 0.5, 0]], what="the weights for scores of 1000, 1000, 0")


def forgotten(scores, mask):
    """Padding takes part."""
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def zero_score(scores, mask):
    """A score of 0 is not a weight of 0."""
    return forgotten(scores * mask, mask)


def cut_afterwards(scores, mask):
    """The weight of the padding is thrown away, and with it a part of the sum."""
    return forgotten(scores, mask) * mask


def overflowing(scores, mask):
    """Right until a score is large."""
    with np.errstate(all="ignore"):
        powers = np.exp(scores) * mask
        return powers / powers.sum(-1, keepdims=True)


EXERCISE = Exercise(
    title="Weights without padding",
    level=2,
    solution=masked_weights,
    stages=(
        Stage(_plain, "Softmax: the exponentials of the scores, divided by their sum over the last axis."),
        Stage(_padding, "The weight of padding must be 0. What score has an exponential of 0?"),
        Stage(_sum, "What padding loses must go to the others: mask before the division, not after it."),
        Stage(_large, "exp(1000) overflows. Softmax stays the same if a number is taken from all scores."),
    ),
    wrong=(
        Wrong(forgotten, "The weight of padding must be 0"),
        Wrong(zero_score, "The weight of padding must be 0"),
        Wrong(cut_afterwards, "mask before the division"),
        Wrong(overflowing, "a number is taken from all scores"),
    ),
)
