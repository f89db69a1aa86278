"""Prediction minus target."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def loss_gradient(p, labels):
    """Gradient of the mean cross-entropy with respect to the scores.

    p: (batch, classes), the probabilities that softmax gave; labels: (batch,), class numbers.
    Returns (batch, classes).
    """
    g = p.copy()
    g[np.arange(len(labels)), labels] -= 1
    return g / len(labels)


def _probabilities(batch, classes, seed):
    rng = np.random.default_rng(seed)
    e = np.exp(rng.normal(size=(batch, classes)))
    return e / e.sum(axis=1, keepdims=True), rng.integers(0, classes, batch)


def _compare(candidate, batch, classes, seed):
    p, labels = _probabilities(batch, classes, seed)
    equal_arrays(candidate(p, labels), (p - np.eye(classes)[labels]) / batch, what="the gradient")


def _one(candidate):
    for seed in range(3):
        _compare(candidate, 1, 4, seed)


def _batch(candidate):
    for seed, batch in enumerate((2, 5, 8)):
        _compare(candidate, batch, 7, 10 + seed)


def reversed_sign(p, labels):
    """Target minus prediction: the loss would grow."""
    return -loss_gradient(p, labels)


def summed(p, labels):
    """The mean of the loss is forgotten."""
    return loss_gradient(p, labels) * len(labels)


def squared_error(p, labels):
    """The gradient of a squared error on probabilities, which vanishes for confident wrong answers."""
    return p * (1 - p) * loss_gradient(p, labels)


def only_the_label(p, labels):
    """Wrong classes get no gradient."""
    return np.where(np.eye(p.shape[1])[labels] == 1, loss_gradient(p, labels), 0.0)


def in_place(p, labels):
    """The probabilities are overwritten."""
    p[np.arange(len(labels)), labels] -= 1
    return p / len(labels)


EXERCISE = Exercise(
    title="Prediction minus target",
    level=1,
    task="""
    The whole classifier learns from this one array. The probabilities are needed again afterwards, so leave
    them as they are.
    """,
    solution=loss_gradient,
    stages=(
        Stage(_one, "Every class gets prediction minus target: p - 1 for the right class, p for all others."),
        Stage(
            _batch, "The loss is a mean over the batch, so each row's gradient is divided by the batch size."
        ),
    ),
    wrong=(
        Wrong(reversed_sign, "prediction minus target"),
        Wrong(squared_error, "prediction minus target"),
        Wrong(only_the_label, "p for all others"),
        Wrong(summed, "divided by the batch size"),
        Wrong(in_place, "changes the array that it was given"),
    ),
)
