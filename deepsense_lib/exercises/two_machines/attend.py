"""Attention in four lines."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays, require


def attend(query, keys, values):
    """Weigh the values by how well their keys fit the query, and add them up.

    query: (width,); keys: (items, width); values: (items, size). Weights: softmax of dot products.
    Returns (size,).
    """
    scores = keys @ query
    weights = np.exp(scores - scores.max())
    return weights / weights.sum() @ values


def _expected(query, keys, values):
    scores = [float(np.dot(key, query)) for key in keys]
    total = np.logaddexp.reduce(scores)
    return sum(np.exp(score - total) * value for score, value in zip(scores, values, strict=True))


def _equal_keys(candidate):
    keys, values = np.ones((4, 2)), np.array([[1.0], [2.0], [3.0], [6.0]])
    equal_arrays(
        candidate(np.array([0.5, 2.0]), keys, values), [3.0], what="the answer when all keys are alike"
    )


def _random(candidate):
    for seed, (items, width, size) in enumerate([(3, 2, 2), (6, 4, 3), (2, 5, 1), (1, 3, 4)]):
        rng = np.random.default_rng(seed)
        query, keys, values = (
            rng.normal(size=width),
            rng.normal(size=(items, width)),
            rng.normal(size=(items, size)),
        )
        equal_arrays(candidate(query, keys, values), _expected(query, keys, values), what="the answer")


def _large(candidate):
    for factor in (1000.0, -1000.0):
        keys, values = factor * np.array([[1.0], [2.0], [3.0]]), np.array([[10.0], [20.0], [30.0]])
        with np.errstate(all="ignore"):
            found = np.asarray(candidate(np.ones(1), keys, values))
        require(np.all(np.isfinite(found)), f"scores near {3 * factor:g} gave {found}")
        equal_arrays(found, [30.0 if factor > 0 else 10.0], what=f"the answer for scores near {3 * factor:g}")


def without_exponential(query, keys, values):
    """The scores themselves are the weights, made to sum to 1."""
    scores = keys @ query
    return scores / scores.sum() @ values


def not_normalised(query, keys, values):
    """The weights do not sum to 1."""
    scores = keys @ query
    return np.exp(scores - scores.max()) @ values


def hard(query, keys, values):
    """Only the best item is taken."""
    return values[np.argmax(keys @ query)]


def of_the_keys(query, keys, values):
    """The keys are added up instead of the values."""
    scores = keys @ query
    weights = np.exp(scores - scores.max())
    return weights / weights.sum() @ keys


def overflowing(query, keys, values):
    """The exponential of a large score is infinite."""
    with np.errstate(all="ignore"):
        weights = np.exp(keys @ query)
        return weights / weights.sum() @ values


EXERCISE = Exercise(
    title="Attention in four lines",
    level=2,
    task="""
    The second thing that both machines share. The same function reads phonemes and looks at patches.
    Large scores must not break it.
    """,
    solution=attend,
    stages=(
        Stage(
            _equal_keys,
            "If all keys fit equally well, the answer is the plain mean of the values: weights sum to 1.",
        ),
        Stage(_random, "Scores are dot products, weights their softmax; what is added up are the values."),
        Stage(
            _large, "Take the largest score off all scores before the exponential. The weights stay the same."
        ),
    ),
    wrong=(
        Wrong(without_exponential, "weights their softmax"),
        Wrong(not_normalised, "weights sum to 1"),
        Wrong(hard, "weights sum to 1"),
        Wrong(of_the_keys, "weights sum to 1"),
        Wrong(overflowing, "before the exponential"),
    ),
)
