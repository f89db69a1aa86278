"""Repair the expectation."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def paired_risk(predictions, targets, mask):
    """Return the mean squared error over pairs and true frames.

    predictions, targets: (batch, time, width), row by row the same sentence; mask: (batch, time), 1 where
    there is sound and 0 in the padding. The mean runs over the numbers of the true frames.
    """
    predictions, targets = np.asarray(predictions, float), np.asarray(targets, float)
    kept = np.asarray(mask) > 0
    return float(np.mean((predictions - targets)[kept] ** 2))


RNG = np.random.default_rng(5)
P, T = RNG.normal(size=(2, 3, 4, 2))
FULL = np.ones((3, 4))
MASK = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]])


def _pairs(candidate):
    equal_arrays(candidate(P, T, FULL), np.mean((P - T) ** 2), what="the risk without padding")


def _padding(candidate):
    spoilt = np.where(MASK[:, :, None] > 0, P, 1e6)
    expected = np.mean((P - T)[MASK > 0] ** 2)
    equal_arrays(candidate(spoilt, T, MASK), expected, what="the risk with padding")


def _width(candidate):
    wide_p, wide_t = np.concatenate([P, P], 2), np.concatenate([T, T], 2)
    equal_arrays(
        candidate(wide_p, wide_t, MASK), candidate(P, T, MASK), what="the risk of frames twice as wide"
    )


def _nan(candidate):
    spoilt = np.where(MASK[:, :, None] > 0, T, np.nan)
    equal_arrays(
        candidate(P, spoilt, MASK), np.mean((P - T)[MASK > 0] ** 2), what="the risk with NaN in the padding"
    )


def everybody(predictions, targets, mask):
    """Every prediction against every target, as in E3."""
    p, t = (np.asarray(a, float)[np.asarray(mask) > 0].ravel() for a in (predictions, targets))
    return float(np.mean((p[:, None] - t[None]) ** 2))


def padding_too(predictions, targets, mask):
    """The mean over everything."""
    return float(np.mean((np.asarray(predictions) - targets) ** 2))


def zeroed(predictions, targets, mask):
    """Padding is set to zero, and still counted in the mean."""
    keep = np.asarray(mask)[..., None]
    return float(np.mean(((np.asarray(predictions) - targets) * keep) ** 2))


def summed_over_width(predictions, targets, mask):
    """Divided by the number of frames, not of numbers."""
    keep = np.asarray(mask)
    d = (np.asarray(predictions) - targets)[keep > 0]
    return float((d**2).sum() / keep.sum())


def multiplied(predictions, targets, mask):
    """Right but for NaN: NaN times 0 is NaN."""
    keep = np.asarray(mask)[..., None]
    d = (np.asarray(predictions) - targets) * keep
    return float((d**2).sum() / (keep.sum() * d.shape[-1]))


EXERCISE = Exercise(
    title="Repair the expectation",
    level=2,
    task="""
    E3 draws predictions and targets apart, E4 forgets the length. Write the risk that is meant.
    """,
    solution=paired_risk,
    stages=(
        Stage(_pairs, "Prediction n belongs to target n and to no other; average over all numbers."),
        Stage(_padding, "Padding is no sound: leave it out of the sum and out of the count."),
        Stage(_width, "Divide by the numbers in the true frames; frames twice as wide have twice as many."),
        Stage(_nan, "NaN times 0 is NaN. Choose the true frames by the mask instead of multiplying."),
    ),
    wrong=(
        Wrong(everybody, "and to no other"),
        Wrong(padding_too, "out of the count"),
        Wrong(zeroed, "out of the count"),
        Wrong(summed_over_width, "average over all numbers"),
        Wrong(multiplied, "NaN times 0"),
    ),
)
