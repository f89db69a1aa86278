"""The probability of a sequence by the chain rule."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays

TABLE = np.array([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3], [0.25, 0.25, 0.5], [0.2, 0.7, 0.1]])
WORD = np.array([0, 2, 2, 1])


def sequence_probability(conditionals, sequence):
    """Return ln p of a sequence; row t of the table holds p(symbol | what came before), for every symbol.

    conditionals: (time, symbols), probabilities; sequence: (time,), whole numbers. Returns one number.
    """
    return np.sum(np.log(conditionals[np.arange(len(sequence)), sequence]))


def _one(candidate):
    equal_arrays(candidate(TABLE[:1], WORD[:1]), np.log(0.5), what="ln p of the first symbol")


def _all(candidate):
    expected = np.log(0.5 * 0.3 * 0.5 * 0.7)
    equal_arrays(candidate(TABLE, WORD), expected, what="ln p of four symbols")


def _long(candidate):
    table, word = np.tile(TABLE, (500, 1)), np.tile(WORD, 500)
    expected = 500 * np.log(0.5 * 0.3 * 0.5 * 0.7)
    equal_arrays(candidate(table, word), expected, what="ln p of 2000 symbols")


def probability(conditionals, sequence):
    """The logarithm is forgotten."""
    return np.prod(conditionals[np.arange(len(sequence)), sequence])


def mean_of_logs(conditionals, sequence):
    """The mean instead of the sum."""
    return np.mean(np.log(conditionals[np.arange(len(sequence)), sequence]))


def log_of_product(conditionals, sequence):
    """Multiplied first: a long product is 0 in floating point."""
    return np.log(np.prod(conditionals[np.arange(len(sequence)), sequence]) + 1e-300)


def best(conditionals, sequence):
    """The most probable symbol of each step instead of the given one."""
    return np.sum(np.log(np.max(conditionals, axis=1)))


EXERCISE = Exercise(
    title="How probable is a sequence?",
    level=1,
    task="""
    The chain rule turns the probability of a whole sequence into a product of small, answerable questions.
    """,
    solution=sequence_probability,
    stages=(
        Stage(_one, "For one symbol it is the logarithm of its entry in the table."),
        Stage(_all, "Each row gives the entry of the symbol that stands there; the logarithms add up."),
        Stage(_long, "A product of 2000 probabilities is too small for a float: add logarithms instead."),
    ),
    wrong=(
        Wrong(probability, "the logarithm of its entry"),
        Wrong(mean_of_logs, "the logarithms add up"),
        Wrong(best, "the entry of the symbol that stands there"),
        Wrong(log_of_product, "add logarithms instead"),
    ),
)
