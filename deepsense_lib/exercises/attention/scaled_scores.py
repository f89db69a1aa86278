"""Scores that do not grow with the size of the keys."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays

RANDOM = np.random.default_rng(3)
QUERIES, KEYS = RANDOM.normal(size=(2, 9)), RANDOM.normal(size=(4, 9))


def scaled_scores(queries, keys):
    """Return the scaled inner products of every query with every key, (steps, symbols).

    queries: (steps, size); keys: (symbols, size).
    """
    return queries @ keys.T / np.sqrt(keys.shape[1])


def _shape(candidate):
    equal_arrays(np.shape(candidate(QUERIES, KEYS)), (2, 4), what="the shape for 2 queries and 4 keys")


def _direction(candidate):
    found = np.asarray(candidate(np.eye(4)[:2], np.eye(4)[[1, 0, 0]]), float)
    equal_arrays(found > 0, [[False, True, True], [True, False, False]], what="which keys are like a query")


def _variance(candidate):
    for size in (4, 256):
        random = np.random.default_rng(0)
        scores = candidate(random.normal(size=(200, size)), random.normal(size=(200, size)))
        equal_arrays(
            np.round(np.std(scores), 1), 1.0, what=f"the deviation of random scores of size {size}, rounded"
        )


def _value(candidate):
    equal_arrays(candidate(QUERIES, KEYS), scaled_scores(QUERIES, KEYS), what="the scores")


def unscaled(queries, keys):
    """Their variance is the size."""
    return queries @ keys.T


def by_size(queries, keys):
    """Divided by the variance instead of the deviation."""
    return queries @ keys.T / keys.shape[1]


def by_symbols(queries, keys):
    """Divided by the square root of the number of keys."""
    return queries @ keys.T / np.sqrt(len(keys))


def transposed(queries, keys):
    """Symbols before steps."""
    return keys @ queries.T / np.sqrt(keys.shape[1])


EXERCISE = Exercise(
    title="Scores of one size",
    level=1,
    solution=scaled_scores,
    stages=(
        Stage(_shape, "One row for each query, one column for each key."),
        Stage(_direction, "A score is the inner product of a query and a key."),
        Stage(_variance, "The variance of an inner product is the size. Which divisor makes it 1?"),
        Stage(_value, "Divide by the square root of the size of a key, and by nothing else."),
    ),
    wrong=(
        Wrong(transposed, "One row for each query"),
        Wrong(unscaled, "Which divisor makes it 1"),
        Wrong(by_size, "Which divisor makes it 1"),
        Wrong(by_symbols, "Which divisor makes it 1"),
    ),
)
