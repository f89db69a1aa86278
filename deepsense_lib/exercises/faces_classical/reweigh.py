"""The weights of the next round of boosting."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def reweigh(weights, labels, answers):
    """Give the examples' weights for the next round of AdaBoost.

    weights: (n,), positive, with sum 1; labels, answers: (n,) of +1 and -1, truth and the stump's answers.
    Returns (n,), with sum 1. The error is neither 0 nor 1.
    """
    error = weights[labels != answers].sum()
    vote = 0.5 * np.log((1 - error) / error)
    heavier = weights * np.exp(np.where(labels == answers, -vote, vote))
    return heavier / heavier.sum()


def _expected(weights, labels, answers):
    # Right and wrong examples share the weight half and half afterwards; no exponential is needed.
    wrong = labels != answers
    return np.where(wrong, weights / weights[wrong].sum(), weights / weights[~wrong].sum()) / 2


def _check(candidate, weights, labels, answers):
    weights, labels, answers = np.array(weights, float), np.array(labels), np.array(answers)
    equal_arrays(candidate(weights, labels, answers), _expected(weights, labels, answers), what="the weights")


def _one_wrong(candidate):
    _check(candidate, [0.25] * 4, [1, 1, -1, -1], [1, 1, -1, 1])


def _uneven(candidate):
    _check(candidate, [1 / 6, 1 / 6, 3 / 6, 1 / 6], [1, 1, -1, 1], [1, 1, -1, -1])
    for seed in range(3):
        rng = np.random.default_rng(seed)
        labels = np.where(rng.random(12) < 0.5, 1, -1)
        answers = labels * np.where(np.arange(12) % (seed + 3) == 0, -1, 1)
        _check(candidate, rng.dirichlet(np.ones(12)), labels, answers)


def _worse_than_a_coin(candidate):
    _check(candidate, [0.1, 0.2, 0.3, 0.4], [1, -1, 1, -1], [-1, -1, -1, 1])


def by_count(weights, labels, answers):
    """The error counts wrong answers and forgets the weights."""
    error = (labels != answers).mean()
    heavier = weights * np.exp(-0.5 * np.log((1 - error) / error) * labels * answers)
    return heavier / heavier.sum()


def other_way(weights, labels, answers):
    """The right ones are made heavier."""
    error = weights[labels != answers].sum()
    heavier = weights * np.exp(0.5 * np.log((1 - error) / error) * labels * answers)
    return heavier / heavier.sum()


def without_division(weights, labels, answers):
    """The weights do not add up to 1 any more."""
    error = weights[labels != answers].sum()
    return weights * np.exp(-0.5 * np.log((1 - error) / error) * labels * answers)


def whole_logarithm(weights, labels, answers):
    """The half of the vote is forgotten."""
    error = weights[labels != answers].sum()
    heavier = weights * np.exp(-np.log((1 - error) / error) * labels * answers)
    return heavier / heavier.sum()


def never_negative(weights, labels, answers):
    """A stump that is worse than a coin gets no negative vote."""
    error = weights[labels != answers].sum()
    heavier = weights * np.exp(-abs(0.5 * np.log((1 - error) / error)) * labels * answers)
    return heavier / heavier.sum()


EXERCISE = Exercise(
    title="Look at what was wrong",
    level=2,
    task="""
    The heart of AdaBoost, in three lines: the stump's weighted error, its vote, the new weights. Check by
    hand: afterwards the wrong ones have half of all weight.
    """,
    solution=reweigh,
    stages=(
        Stage(
            _one_wrong,
            "Multiply by exp(-vote * label * answer), so that wrong ones grow; the vote is half a logarithm; "
            "divide by the sum.",
        ),
        Stage(_uneven, "The error is the sum of the weights of the wrong ones, not their share in number."),
        Stage(
            _worse_than_a_coin,
            "A stump that errs with more than half of the weight has a negative vote: keep its sign.",
        ),
    ),
    wrong=(
        Wrong(other_way, "so that wrong ones grow"),
        Wrong(without_division, "divide by the sum"),
        Wrong(whole_logarithm, "half a logarithm"),
        Wrong(by_count, "not their share in number"),
        Wrong(never_negative, "keep its sign"),
    ),
)
