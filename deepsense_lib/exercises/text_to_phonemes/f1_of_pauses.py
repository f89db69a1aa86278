"""Precision and recall of pauses in one number."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def f1_of_pauses(paused, predicted):
    """Return the F1 of predicted pauses; 0 if none of them is right.

    paused, predicted: (places,), 1 or True where there is a pause.
    """
    right = np.sum(paused * predicted)
    return 2 * right / (np.sum(paused) + np.sum(predicted)) if right else 0.0


def _plain(candidate):
    equal_arrays(candidate(np.array([1, 1, 0, 0]), np.array([1, 1, 1, 1])), 2 / 3, what="the F1")


def _places(candidate):
    equal_arrays(
        candidate(np.array([1, 0, 0, 0, 0, 0, 1, 1]), np.array([1, 1, 0, 0, 0, 0, 0, 0])), 0.4, what="the F1"
    )
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = rng.integers(0, 2, (2, 12))
        equal_arrays(candidate(a, b), f1_of_pauses(a, b), what="the F1 of random pauses")


def _nothing(candidate):
    equal_arrays(candidate(np.array([1, 0, 1]), np.array([0, 0, 0])), 0, what="the F1 without predictions")
    equal_arrays(candidate(np.array([1, 0, 1]), np.array([0, 1, 0])), 0, what="the F1 if all are wrong")
    equal_arrays(
        candidate(np.zeros(3, int), np.zeros(3, int)), 0, what="the F1 where there is no pause at all"
    )


def accuracy(paused, predicted):
    """The share of places that are right."""
    return np.mean(np.asarray(paused) == np.asarray(predicted))


def arithmetic(paused, predicted):
    """The plain mean of precision and recall."""
    right = np.sum(np.asarray(paused) * np.asarray(predicted))
    return (right / np.sum(paused) + right / np.sum(predicted)) / 2


def divides_by_zero(paused, predicted):
    """Forgets that nothing may be found."""
    right = np.sum(np.asarray(paused) * np.asarray(predicted))
    precision, recall = (
        float(right) / float(np.sum(predicted) or 1e-9),
        float(right) / float(np.sum(paused) or 1e-9),
    )
    if right == 0:
        return float("nan")
    return 2 * precision * recall / (precision + recall)


def recall_alone(paused, predicted):
    """Counts right places by their number alone."""
    return 2 * min(np.sum(paused), np.sum(predicted)) / (np.sum(paused) + np.sum(predicted))


EXERCISE = Exercise(
    title="How good are the pauses?",
    level=1,
    solution=f1_of_pauses,
    stages=(
        Stage(
            _plain,
            "Two of four predictions are right (precision 1/2), and no pause is missed (recall 1). F1 is "
            "their harmonic mean, 2PR / (P + R).",
        ),
        Stage(_places, "A prediction is right only if there is a pause at the same place."),
        Stage(_nothing, "If nothing right was found, the answer is 0: do not divide by it."),
    ),
    wrong=(
        Wrong(accuracy, "harmonic mean"),
        Wrong(arithmetic, "harmonic mean"),
        Wrong(recall_alone, "at the same place"),
        Wrong(divides_by_zero, "do not divide"),
    ),
)
