"""Is it better, or is it luck? Intervals by resampling, pairs, gaps between groups. NumPy only."""

import math
from collections.abc import Callable

import numpy as np

from deepsense_lib.errors import InputError
from deepsense_lib.evaluation.classification import Estimate


def bootstrap(
    statistic: Callable[[np.ndarray], float],
    n: int,
    *,
    groups=None,
    repeats: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> Estimate:
    """Give a figure with its percentile interval over resampled rows.

    Args:
        statistic: gets row numbers `(m,)`, with repetitions, and returns the figure of these rows.
        n: number of rows.
        groups: `(n,)`; rows of one group, such as the pictures of one person, are drawn together.
        repeats: how many samples; 1000 give the ends of the interval to about a tenth of its width.
        seed: of the generator.
        level: how often the interval shall hold the truth; 1 - 0.05 / k for one of k looks (Bonferroni).

    Raises: InputError for groups of another length, no rows, or less than 100 repeats.
    Source: Efron (1979), "Bootstrap methods"; for groups Davison, Hinkley (1997), section 3.8.
    Equation: eq-bootstrap.
    """
    groups = np.arange(n) if groups is None else np.asarray(groups)
    if n < 1 or groups.shape != (n,) or repeats < 100:
        raise InputError(
            f"found {n} rows, groups of shape {groups.shape} and {repeats} repeats; expected at least one "
            "row, a group for each, and at least 100 repeats"
        )
    _, member = np.unique(groups, return_inverse=True)
    order = np.argsort(member, kind="stable")
    rows_of = np.split(order, np.cumsum(np.bincount(member))[:-1])
    random = np.random.default_rng(seed)
    values = []
    for _ in range(repeats):
        drawn = random.integers(len(rows_of), size=len(rows_of))
        values.append(statistic(np.concatenate([rows_of[group] for group in drawn])))
    low, high = np.nanquantile(values, ((1 - level) / 2, (1 + level) / 2))
    return Estimate(float(statistic(np.arange(n))), float(low), float(high))


def mcnemar(first_right, second_right) -> float:
    """Probability, if two classifiers are equally good, of a split of their disagreements as uneven as this.

    Exact, two-sided. Only pictures count that one of them gets right and the other wrong.
    Shapes: both `(n,)` booleans, for the same pictures in the same order.
    Raises: InputError for other shapes.
    Source: McNemar (1947), "Note on the sampling error of the difference between correlated proportions".
    Equation: eq-mcnemar.
    """
    first, second = np.asarray(first_right), np.asarray(second_right)
    if first.dtype != bool or second.dtype != bool or first.shape != second.shape or first.ndim != 1:
        raise InputError(
            f"found {first.dtype} {first.shape} and {second.dtype} {second.shape}; expected two rows of "
            "booleans of one length"
        )
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    n, k = only_first + only_second, min(only_first, only_second)
    tail = sum(math.comb(n, i) for i in range(k + 1)) / 2**n
    return min(1.0, 2 * tail)


def recall_gap(
    labels, predictions, groups, persons, *, repeats: int = 1000, seed: int = 0, level: float = 0.95
) -> Estimate:
    """Mean recall of group 1 minus that of group 0, with an interval that draws whole persons.

    Shapes: labels, predictions `(n,)` class numbers; groups `(n,)` booleans; persons `(n,)`.
    Raises: InputError unless both groups have pictures.
    Source: Hardt, Price, Srebro (2016), equal opportunity, here averaged over the classes.
    Equation: eq-recall-gap.
    """
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    groups = np.asarray(groups, bool)
    if groups.shape != labels.shape or groups.all() or not groups.any():
        raise InputError(
            f"found {int(groups.sum())} pictures of {groups.size} in group 1; expected some in both groups"
        )
    right = labels == predictions
    classes = np.unique(labels)

    def gap(rows):
        means = []
        for group in (False, True):
            inside = rows[groups[rows] == group]
            shares = [right[inside[labels[inside] == c]] for c in classes]
            means.append(np.mean([share.mean() for share in shares if len(share)]) if len(inside) else np.nan)
        return means[1] - means[0]

    return bootstrap(gap, len(labels), groups=persons, repeats=repeats, seed=seed, level=level)


def corruption_error(errors, baseline_errors) -> float:
    """Errors summed over the strengths of a disturbance, relative to a named baseline's; below 1 is better.

    Shapes: both `(strengths,)`, shares of wrong answers.
    Raises: InputError for other shapes or a baseline without errors.
    Source: Hendrycks, Dietterich (2019), "Benchmarking neural network robustness", section 4.
    Equation: eq-corruption-error.
    """
    errors, baseline = np.asarray(errors, float), np.asarray(baseline_errors, float)
    if errors.ndim != 1 or errors.shape != baseline.shape or not baseline.sum() > 0:
        raise InputError(
            f"found errors of shapes {errors.shape} and {baseline.shape}; expected one of each for every "
            "strength, and a baseline that makes errors"
        )
    return float(errors.sum() / baseline.sum())


def difference_hash(images: np.ndarray, side: int = 16) -> np.ndarray:
    """Give `side * side` bits for each picture: is a cell of a small copy brighter than its right neighbour?

    Light that changes evenly, a scale, and mild noise leave most bits as they are, so near duplicates have
    nearly equal bits.
    Shapes: images `(n, height, width)`; returns booleans `(n, side * side)`.
    Raises: InputError for another shape or pictures smaller than the small copy.
    Equation: eq-difference-hash.
    """
    images = np.asarray(images, float)
    if images.ndim != 3 or min(images.shape[1:]) < side + 1:
        raise InputError(
            f"found images of shape {images.shape}; expected (n, height, width) of at least {side + 1} pixels"
        )
    rows = np.linspace(0, images.shape[1], side + 1).astype(int)
    columns = np.linspace(0, images.shape[2], side + 2).astype(int)
    cells = np.add.reduceat(images, rows[:-1], axis=1) / np.diff(rows)[:, None]
    cells = np.add.reduceat(cells, columns[:-1], axis=2) / np.diff(columns)
    return (cells[:, :, 1:] > cells[:, :, :-1]).reshape(len(images), -1)
