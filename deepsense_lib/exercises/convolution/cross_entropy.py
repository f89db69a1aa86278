"""The loss, safe for any scores."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays, require


def cross_entropy(z, labels):
    """Mean of -log(probability of the right class), for any finite scores.

    z: (batch, classes), scores; labels: (batch,), class numbers. Returns one number, in nats.
    """
    z = z - z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels].mean()


def _expected(z, labels):
    log_sum = np.logaddexp.reduce(z, axis=1)
    return np.mean(log_sum - z[np.arange(len(labels)), labels])


def _equal(candidate):
    for classes in (2, 7, 10):
        labels = np.arange(classes)
        equal_arrays(
            candidate(np.zeros((classes, classes)), labels), np.log(classes), what="the loss of equal scores"
        )


def _random(candidate):
    for seed in range(4):
        rng = np.random.default_rng(seed)
        z, labels = rng.normal(scale=2, size=(5 + seed, 7)), rng.integers(0, 7, 5 + seed)
        equal_arrays(candidate(z, labels), _expected(z, labels), what="the loss")


def _large(candidate):
    for z in (
        [[1000.0, 0.0], [0.0, 1000.0]],
        [[1000.0, 999.0], [3.0, 4.0]],
        [[-2000.0, -2001.0], [5.0, 0.0]],
    ):
        z, labels = np.array(z), np.array([0, 0])
        with np.errstate(all="ignore"):
            found = candidate(z, labels)
        require(np.isfinite(found), f"the scores {z.tolist()} gave {found}")
        equal_arrays(found, _expected(z, labels), what=f"the loss of the scores {z.tolist()}")


def overflowing(z, labels):
    """The exponential is taken as it stands."""
    with np.errstate(all="ignore"):
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        return -np.log(p[np.arange(len(labels)), labels]).mean()


def log_of_softmax(z, labels):
    """The softmax is safe, but its logarithm meets a rounded zero."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    with np.errstate(all="ignore"):
        return -np.log((e / e.sum(axis=1, keepdims=True))[np.arange(len(labels)), labels]).mean()


def one_maximum(z, labels):
    """One maximum for the whole batch: rows far below it underflow."""
    e = np.exp(z - z.max())
    with np.errstate(all="ignore"):
        return -np.log((e / e.sum(axis=1, keepdims=True))[np.arange(len(labels)), labels]).mean()


def clipped(z, labels):
    """Zeros are hidden by a small number, so very wrong answers cost too little."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(labels)), labels] + 1e-12).mean()


def summed(z, labels):
    """The losses are added up, not averaged."""
    return cross_entropy(z, labels) * len(labels)


def in_bits(z, labels):
    """The logarithm to base two."""
    return cross_entropy(z, labels) / np.log(2)


def over_the_batch(z, labels):
    """The softmax runs over the images instead of the classes."""
    e = np.exp(z - z.max(axis=0))
    return -np.log((e / e.sum(axis=0))[np.arange(len(labels)), labels]).mean()


EXERCISE = Exercise(
    title="A loss for any scores",
    level=2,
    task="""
    A score of 1,000 must not turn the loss into `nan`, and a confident wrong answer must cost what it costs.
    """,
    solution=cross_entropy,
    stages=(
        Stage(
            _equal, "Equal scores over K classes cost log K, the natural logarithm, as a mean over the batch."
        ),
        Stage(
            _random, "Each row has its own softmax over the classes; take the probability at the row's label."
        ),
        Stage(
            _large,
            "Subtract each row's own largest score first, and form log p as a difference, not as log of p.",
        ),
    ),
    wrong=(
        Wrong(summed, "as a mean over the batch"),
        Wrong(in_bits, "the natural logarithm"),
        Wrong(over_the_batch, "own softmax over the classes"),
        Wrong(overflowing, "own largest score first"),
        Wrong(log_of_softmax, "not as log of p"),
        Wrong(one_maximum, "own largest score first"),
        Wrong(clipped, "not as log of p"),
    ),
)
