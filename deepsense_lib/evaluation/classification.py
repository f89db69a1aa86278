"""How good a classifier is, and how sure we are of that: counts, rates, intervals. NumPy only.

Labels are class numbers from 0. Rows of a confusion matrix are the truth, columns the prediction.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from deepsense_lib.errors import InputError

# Two-sided 95 % quantiles of Student's t with 1, 2, ... 9 degrees of freedom.
STUDENT_95 = (12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622)


class Estimate(NamedTuple):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def confusion_matrix(truth, prediction, classes: int) -> np.ndarray:
    """Count how often each true class (row) was called each class (column).

    Shapes: truth and prediction `(n,)` integers; returns int64 `(classes, classes)`.
    Raises: InputError for empty, unequal or non-integer labels, or labels outside 0 to classes - 1.
    """
    truth, prediction = _labels(truth, classes, "truth"), _labels(prediction, classes, "prediction")
    if len(truth) != len(prediction):
        raise InputError(
            f"there are {len(truth)} true labels and {len(prediction)} predictions. Expected one for each."
        )
    matrix = np.zeros((classes, classes), np.int64)
    np.add.at(matrix, (truth, prediction), 1)
    return matrix


def accuracy(matrix) -> Estimate:
    """Share of right answers in a confusion matrix, with its Wilson interval.

    Raises: InputError when the matrix is not a square of counts, or is empty.
    """
    matrix = _matrix(matrix)
    return wilson(int(np.trace(matrix)), int(matrix.sum()))


def wilson(successes: int, trials: int, z: float = 1.959964) -> Estimate:
    """Share of successes with Wilson's score interval, which stays inside 0 to 1 and is right for few trials.

    Raises: InputError unless 0 <= successes <= trials and trials > 0.
    Source: Wilson (1927), "Probable inference, the law of succession, and statistical inference".
    Equation: eq-wilson.
    """
    if trials <= 0 or not 0 <= successes <= trials:
        raise InputError(
            f"found {successes} successes in {trials} trials. Expected 0 to {trials} of at least 1."
        )
    p, shrink = successes / trials, 1 + z * z / trials
    centre = (p + z * z / (2 * trials)) / shrink
    half = z * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials)) / shrink
    # At the ends rounding could put the interval just beside the value.
    return Estimate(p, min(p, max(0.0, centre - half)), max(p, min(1.0, centre + half)))


def recall(matrix) -> np.ndarray:
    """Share of each true class that was found, `(classes,)`; NaN for a class that does not occur."""
    matrix = _matrix(matrix)
    with np.errstate(invalid="ignore"):
        return np.diag(matrix) / matrix.sum(axis=1)


def precision(matrix) -> np.ndarray:
    """Share of each predicted class that was right, `(classes,)`; NaN for a class that is never predicted."""
    matrix = _matrix(matrix)
    with np.errstate(invalid="ignore"):
        return np.diag(matrix) / matrix.sum(axis=0)


def balanced_accuracy(matrix) -> float:
    """Mean recall of the classes that occur: a rare class counts as much as a frequent one.

    Equation: eq-balanced-accuracy.
    """
    return float(np.nanmean(recall(matrix)))


def macro_f1(matrix) -> float:
    """Mean over the classes of F1 = 2 true positives / (predicted + actual); 0 where never right.

    Classes that neither occur nor are predicted are left out.
    Equation: eq-macro-f1.
    """
    matrix = _matrix(matrix)
    total = matrix.sum(axis=0) + matrix.sum(axis=1)
    seen = total > 0
    return float((2 * np.diag(matrix)[seen] / total[seen]).mean())


def over_seeds(values: Sequence[float]) -> Estimate:
    """Mean of one figure over 2 to 10 runs with different seeds, with its 95 % interval after Student's t.

    The interval says how much the figure moves with the seed. It says nothing of other data.
    Raises: InputError for another number of runs or a value that is not finite.
    Source: Student (1908), "The probable error of a mean".
    Equation: eq-over-seeds.
    """
    values = np.asarray(values, float)
    if values.ndim != 1 or not 2 <= len(values) <= len(STUDENT_95) + 1 or not np.isfinite(values).all():
        raise InputError(
            f"found the values {values.tolist()}. Expected one finite number a seed, for 2 to "
            f"{len(STUDENT_95) + 1} seeds."
        )
    mean = float(values.mean())
    half = STUDENT_95[len(values) - 2] * float(values.std(ddof=1)) / math.sqrt(len(values))
    return Estimate(mean, mean - half, mean + half)


def _labels(labels, classes: int, name: str) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.size == 0 or not np.issubdtype(labels.dtype, np.integer):
        raise InputError(
            f"the {name} is {labels.dtype} of the shape {labels.shape}. Expected a non-empty row of integers."
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise InputError(
            f"the {name} holds labels from {labels.min()} to {labels.max()}. Expected 0 to {classes - 1}."
        )
    return labels


def _matrix(matrix) -> np.ndarray:
    matrix = np.asarray(matrix)
    square = matrix.ndim == 2 and matrix.shape[0] == matrix.shape[1]
    if not square or not np.issubdtype(matrix.dtype, np.integer) or matrix.sum() == 0 or matrix.min() < 0:
        raise InputError(
            f"the confusion matrix is {matrix.dtype} of the shape {matrix.shape}. Expected a square of "
            "counts, not all zero, as confusion_matrix gives it."
        )
    return matrix
