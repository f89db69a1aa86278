"""Keep the attention in a window."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays

SCORES = np.array([0.3, 2.0, -1.0, 0.5, 4.0, 1.0])


def windowed_weights(scores, focus, back, ahead):
    """Return softmax weights that are 0 outside of the symbols focus - back to focus + ahead; they sum to 1.

    scores: (symbols,); focus: the symbol with most weight at the last step; back, ahead: how many symbols
    before and after it may be read.
    """
    places = np.arange(len(scores))
    inside = (places >= focus - back) & (places <= focus + ahead)
    powers = np.where(inside, np.exp(scores - scores[inside].max()), 0.0)
    return powers / powers.sum()


def _outside(candidate):
    found = np.asarray(candidate(SCORES, 2, 1, 1), float)
    equal_arrays(found[[0, 4, 5]], np.zeros(3), what="the weights outside of the window")


def _sum(candidate):
    equal_arrays(np.sum(candidate(SCORES, 2, 1, 1)), 1.0, what="the sum of the weights")


def _sides(candidate):
    found = np.asarray(candidate(SCORES, 2, 0, 2), float)
    equal_arrays(found > 0, [False, False, True, True, True, False], what="what may be read, 0 back, 2 ahead")
    found = np.asarray(candidate(SCORES, 4, 2, 0), float)
    equal_arrays(found > 0, [False, False, True, True, True, False], what="what may be read, 2 back, 0 ahead")


def _edge(candidate):
    found = np.asarray(candidate(SCORES, 0, 3, 1), float)
    equal_arrays(found, windowed_weights(SCORES, 0, 3, 1), what="the weights of a window at the start")


def _large(candidate):
    for shift in (1000.0, -1000.0):
        found = candidate(SCORES + shift, 2, 1, 1)
        equal_arrays(
            found, windowed_weights(SCORES, 2, 1, 1), what=f"the weights if all scores are {shift:+g}"
        )
    apart = np.array([0.0, 900.0, -900.0, 0.0])
    equal_arrays(candidate(apart, 1, 0, 2), [0, 1, 0, 0], what="the weights of 0, 900, -900, 0")


def free(scores, focus, back, ahead):
    """No window at all."""
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


def zero_scores(scores, focus, back, ahead):
    """Scores of 0 outside: but the exponential of 0 is 1."""
    places = np.arange(len(scores))
    return free(np.where((places >= focus - back) & (places <= focus + ahead), scores, 0.0), 0, 0, 0)


def masked_after(scores, focus, back, ahead):
    """Masked after the softmax: they no longer sum to 1."""
    places = np.arange(len(scores))
    return free(scores, 0, 0, 0) * ((places >= focus - back) & (places <= focus + ahead))


def overflowing(scores, focus, back, ahead):
    """Right until a score is large."""
    places = np.arange(len(scores))
    powers = np.exp(scores) * ((places >= focus - back) & (places <= focus + ahead))
    return powers / powers.sum()


def turned(scores, focus, back, ahead):
    """Back and ahead confused."""
    return windowed_weights(scores, focus, ahead, back)


def sliced(scores, focus, back, ahead):
    """A slice from a negative number is empty or counts from the end."""
    weights = np.zeros(len(scores))
    powers = np.exp(scores[focus - back : focus + ahead + 1])
    weights[focus - back : focus + ahead + 1] = powers / powers.sum()
    return weights


EXERCISE = Exercise(
    title="A window for the eye",
    level=2,
    solution=windowed_weights,
    stages=(
        Stage(_outside, "Outside of the window the weight must be exactly 0: a score of 0 does not do that."),
        Stage(_sum, "Take the others out before you divide, so that the rest sums to 1."),
        Stage(_sides, "`back` counts to the left of the focus, `ahead` to the right."),
        Stage(_edge, "Near the start the window is shorter. Negative numbers in a slice count from the end."),
        Stage(
            _large,
            "Take the largest score in the window from all, before the exponential: it overflows else.",
        ),
    ),
    wrong=(
        Wrong(free, "exactly 0"),
        Wrong(zero_scores, "exactly 0"),
        Wrong(masked_after, "before you divide"),
        Wrong(overflowing, "it overflows else"),
        Wrong(turned, "to the left of the focus"),
        Wrong(sliced, "the window is shorter"),
    ),
)
