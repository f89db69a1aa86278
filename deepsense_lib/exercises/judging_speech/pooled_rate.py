"""One rate for many sentences."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def pooled_rate(edits, lengths):
    """Return the error rate of a set of sentences.

    edits: (sentences,), edits of each; lengths: (sentences,), characters of each reference. The set has at
    least one character. A sentence may be empty.
    """
    return np.sum(edits) / np.sum(lengths)


def _equal(candidate):
    found = candidate(np.array([1, 3]), np.array([10, 10]))
    equal_arrays(found, 0.2, what="the rate of 1 and 3 edits in two sentences of 10 characters")


def _short(candidate):
    found = candidate(np.array([2, 0]), np.array([2, 98]))
    equal_arrays(found, 0.02, what="the rate of 2 edits in 2 characters and 0 in 98")


def _empty(candidate):
    found = candidate(np.array([1, 4]), np.array([0, 10]))
    equal_arrays(found, 0.5, what="the rate if one reference is empty and something was heard")


def mean_of_rates(edits, lengths):
    """A short sentence weighs as much as a long one."""
    return np.mean(edits / np.maximum(lengths, 1))


def per_sentence(edits, lengths):
    """Edits a sentence."""
    return np.mean(edits)


def without_empty(edits, lengths):
    """What was heard where nothing was said is forgotten."""
    return np.sum(edits[lengths > 0]) / np.sum(lengths)


EXERCISE = Exercise(
    title="One rate for many sentences",
    level=1,
    solution=pooled_rate,
    stages=(
        Stage(_equal, "A rate is edits over characters, not over sentences."),
        Stage(_short, "Add up first, then divide: a short sentence must not weigh as much as a long one."),
        Stage(_empty, "Words that were heard where nothing was written are errors too."),
    ),
    wrong=(
        Wrong(mean_of_rates, "Add up first"),
        Wrong(per_sentence, "not over sentences"),
        Wrong(without_empty, "are errors too"),
    ),
)
