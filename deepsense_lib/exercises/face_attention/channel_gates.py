"""A valve for every channel."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays

RANDOM = np.random.default_rng(32)


def channel_gates(x, reduce, expand):
    """Return x with every channel multiplied by its gate, sigmoid(expand . relu(reduce . z)), z the means.

    x: (channels, height, width); reduce: (less, channels); expand: (channels, less). Returns x's shape.
    """
    z = np.mean(x, axis=(1, 2))
    gates = 1 / (1 + np.exp(-expand @ np.maximum(reduce @ z, 0)))
    return x * gates[:, None, None]


def _case(channels, less, height, width):
    x = RANDOM.normal(size=(channels, height, width)) + 1
    return x, RANDOM.normal(size=(less, channels)), RANDOM.normal(size=(channels, less))


def _half(candidate):
    x, reduce, expand = _case(4, 2, 3, 5)
    equal_arrays(candidate(x, reduce, 0 * expand), x / 2, what="the result if `expand` is all zeros")


def _alone(candidate):
    x, reduce, expand = _case(6, 3, 2, 2)
    reduce = np.abs(reduce)
    x = np.abs(x)
    one = np.zeros_like(expand)
    one[2] = 1
    found = np.asarray(candidate(x, reduce, one), float)
    others = [c for c in range(6) if c != 2]
    equal_arrays(found[others], x[others] / 2, what="the other channels if only channel 2 is opened")


def _numbers(candidate):
    for sizes in ((1, 1, 1, 1), (4, 2, 3, 3), (8, 4, 2, 6), (3, 3, 4, 4)):
        x, reduce, expand = _case(*sizes)
        equal_arrays(
            candidate(x, reduce, expand),
            channel_gates(x, reduce, expand),
            what=f"channels, less, size = {sizes}",
        )


def by_softmax(x, reduce, expand):
    """Shares instead of valves: opening one closes the others."""
    powers = np.exp(expand @ np.maximum(reduce @ x.mean((1, 2)), 0))
    return x * (powers / powers.sum())[:, None, None]


def without_relu(x, reduce, expand):
    """Two matrices without anything between them are one matrix."""
    return x * (1 / (1 + np.exp(-expand @ reduce @ x.mean((1, 2)))))[:, None, None]


def per_place(x, reduce, expand):
    """No squeeze: a gate for each channel and each place."""
    inner = np.maximum(np.einsum("lc,cij->lij", reduce, x), 0)
    return x / (1 + np.exp(-np.einsum("cl,lij->cij", expand, inner)))


def summed(x, reduce, expand):
    """Sums instead of means: the gates depend on the size of the picture."""
    return x * (1 / (1 + np.exp(-expand @ np.maximum(reduce @ x.sum((1, 2)), 0))))[:, None, None]


EXERCISE = Exercise(
    title="A valve for every channel",
    level=2,
    task="Squeeze-and-excitation for one face: means, a small net, gates, product.",
    solution=channel_gates,
    stages=(
        Stage(_half, "A sigmoid of 0 is one half for every channel, however many channels there are."),
        Stage(_alone, "A gate is a valve, not a share: opening one leaves all others as they were."),
        Stage(_numbers, "Squeeze by the mean over all places, keep the positive part between the matrices."),
    ),
    wrong=(
        Wrong(by_softmax, "is one half for every channel"),
        Wrong(without_relu, "keep the positive part"),
        Wrong(per_place, "by the mean over all places"),
        Wrong(summed, "by the mean over all places"),
    ),
)
