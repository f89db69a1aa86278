"""Finding faces by boosted rectangle features: integral image, stumps, AdaBoost, the cascade's arithmetic.

Chapter: "Faces before deep learning". Labels are +1 (face) and -1 (no face).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

Rectangle = tuple[float, int, int, int, int]  # weight, top, left, height, width


class Stump(NamedTuple):
    """A question to one feature: the answer is `sign` where its value is above `threshold`, else -`sign`."""

    feature: int
    threshold: float
    sign: int
    error: float


def integral_image(x) -> np.ndarray:
    """Sum all pixels above and to the left of each grid point.

    Shapes: x `(..., height, width)`; returns `(..., height + 1, width + 1)`, with zeros in row and column 0.
    Raises: ValueError when x has fewer than two axes.
    Source: Viola, Jones (2001), "Rapid object detection using a boosted cascade of simple
    features", Sec. 2.1.
    Equation: eq-integral-image
    """
    x = np.asarray(x)
    if x.ndim < 2:
        raise ValueError(f"found an array with {x.ndim} axes; expected an image (height, width) or a stack")
    # Integers stay exact; small ones such as uint8 are widened by cumsum itself, but not beyond uint64.
    sums = x.astype(np.int64 if x.dtype.kind in "biu" else np.float64).cumsum(-2).cumsum(-1)
    return np.pad(sums, [(0, 0)] * (x.ndim - 2) + [(1, 0), (1, 0)])


def box_sum(integral, top: int, left: int, height: int, width: int):
    """Sum the pixels of a rectangle from four numbers, whatever its size.

    Shapes: integral `(..., height + 1, width + 1)` as `integral_image` gives it; returns `(...,)`.
    Raises: ValueError when the rectangle is empty or reaches beyond the image.
    Source: Viola, Jones (2001), Sec. 2.1 (their Figure 3).
    Equation: eq-box-sum
    """
    integral = np.asarray(integral)
    rows, columns = integral.shape[-2] - 1, integral.shape[-1] - 1
    if min(top, left) < 0 or min(height, width) < 1 or top + height > rows or left + width > columns:
        raise ValueError(
            f"the rectangle {height} x {width} at row {top}, column {left} does not fit into an image of "
            f"{rows} x {columns}"
        )
    bottom, right = top + height, left + width
    return (
        integral[..., bottom, right]
        - integral[..., top, right]
        - integral[..., bottom, left]
        + integral[..., top, left]
    )


def haar_feature(integral, rectangles: Sequence[Rectangle]):
    """Add up rectangles with weights: brightness here against brightness beside it.

    Shapes: integral as in `box_sum`; `rectangles` of (weight, top, left, height, width); returns `(...,)`.
    Raises: ValueError when there is no rectangle, or one does not fit.
    Source: Viola, Jones (2001), Sec. 2; Papageorgiou, Oren, Poggio (1998), "A general framework for object
    detection".
    Equation: eq-haar-feature
    """
    if not len(rectangles):
        raise ValueError("found no rectangles; expected at least one")
    return sum(weight * box_sum(integral, *place) for weight, *place in rectangles)


def best_stump(values, labels, weights) -> Stump:
    """Find the feature, threshold and direction with the least weighted error.

    Shapes: values `(examples, features)`, labels `(examples,)` of +1 and -1, weights `(examples,)`, positive,
    summing to 1. The threshold lies half way between two neighbouring values, or is -inf: then the answer
    is the same for all. Of equally good stumps the first is taken.
    Raises: ValueError when shapes or labels are not as described.
    Source: Freund, Schapire (1997), Sec. 4 (a weak learner); Viola, Jones (2001), Table 1.
    Equation: eq-decision-stump
    """
    values = np.asarray(values)
    labels, weights = _checked(labels, weights, len(values))
    return _best_in_order(*_sorted(values), labels, weights)


def boosting_vote(error: float) -> float:
    """Give the vote of a weak classifier from its weighted error: half the log of right against wrong.

    `error` between 0 and 1, both excluded; 0.5 has no vote, more has a negative one.
    Raises: ValueError outside.
    Source: Schapire, Singer (1999), "Improved boosting algorithms using confidence-rated
    predictions", Sec. 3.
    Equation: eq-boosting-vote
    """
    if not 0 < error < 1:
        raise ValueError(f"the error is {error}; expected more than 0 and less than 1")
    return 0.5 * float(np.log((1 - error) / error))


def boosting_weights(weights, labels, answers, vote: float) -> np.ndarray:
    """Make the examples heavier that were answered wrongly, the others lighter; the sum stays 1.

    Shapes: weights, labels, answers `(examples,)`, the latter two of +1 and -1; returns `(examples,)`.
    Raises: ValueError when lengths or labels are not as described.
    Source: Freund, Schapire (1997), "A decision-theoretic generalization of on-line learning"; in this form
    Schapire, Singer (1999), Figure 1.
    Equation: eq-boosting-weights
    """
    labels, weights = _checked(labels, weights, len(np.asarray(answers)))
    heavier = weights * np.exp(-vote * labels * np.asarray(answers, float))
    return heavier / heavier.sum()


def stump_answers(values, stump: Stump) -> np.ndarray:
    """Ask one stump about every example.

    Shapes: values `(examples, features)`; returns `(examples,)` of +1 and -1.
    Source: Viola, Jones (2001), Sec. 3, with labels +1 and -1.
    Equation: eq-stump-answer
    """
    return np.where(np.asarray(values)[:, stump.feature] > stump.threshold, stump.sign, -stump.sign)


def adaboost(values, labels, rounds: int) -> tuple[list[Stump], np.ndarray]:
    """Train stumps one after the other, each on the examples that those before got wrong.

    Shapes: values `(examples, features)`, labels `(examples,)` of +1 and -1; returns the stumps and their
    votes `(rounds,)`. Both classes start with half of the weight. Stops early when a stump makes no error.
    Raises: ValueError when shapes or labels are not as described, or a class is missing.
    Source: Freund, Schapire (1997); Schapire, Singer (1999), Figure 1; starting weights of Viola, Jones
    (2001).
    Equation: eq-adaboost
    """
    values = np.asarray(values)
    labels, _ = _checked(labels, np.ones(len(values)), len(values))
    if (labels > 0).all() or (labels < 0).all():
        raise ValueError("found examples of one class only; expected faces and non-faces")
    in_order = _sorted(values)
    weights = np.where(labels > 0, 0.5 / (labels > 0).sum(), 0.5 / (labels < 0).sum())
    stumps, votes = [], []
    for _ in range(rounds):
        stump = _best_in_order(*in_order, labels, weights)
        error = max(stump.error, 1e-10)  # a perfect stump would have an infinite vote
        stumps.append(stump)
        votes.append(boosting_vote(error))
        if stump.error < 1e-10:
            break
        weights = boosting_weights(weights, labels, stump_answers(values, stump), votes[-1])
    return stumps, np.array(votes)


def strong_score(values, stumps: Sequence[Stump], votes) -> np.ndarray:
    """Add up the votes of all stumps: positive for a face, unless another threshold is chosen.

    Shapes: values `(examples, features)`, votes `(stumps,)`; returns `(examples,)`.
    Source: Freund, Schapire (1997); Viola, Jones (2001), Table 1, with labels +1 and -1.
    Equation: eq-strong-score
    """
    return sum(vote * stump_answers(values, stump) for stump, vote in zip(stumps, votes, strict=True))


def boosting_bound(errors) -> float:
    """Bound the training error (by the starting weights) from the weighted errors of the rounds.

    Shapes: errors `(rounds,)` in 0 to 1.
    Source: Freund, Schapire (1997), Theorem 6.
    Equation: eq-boosting-bound
    """
    errors = np.asarray(errors, float)
    return float(np.prod(2 * np.sqrt(errors * (1 - errors))))


def cascade_rate(rates) -> float:
    """Give the share of windows that pass every stage: hits or false alarms multiply.

    Shapes: rates `(stages,)`, each the share of the windows that reach the stage and pass it.
    Raises: ValueError for rates outside 0 to 1.
    Source: Viola, Jones (2001), Sec. 4.1.
    Equation: eq-cascade-rate
    """
    rates = _rates(rates)
    return float(np.prod(rates))


def cascade_cost(features, rates) -> float:
    """Give the mean number of features that a window costs: later stages only see what passed.

    Shapes: features `(stages,)` per stage, rates `(stages,)` of windows that pass each stage.
    Raises: ValueError for rates outside 0 to 1 or unequal lengths.
    Source: Viola, Jones (2004), "Robust real-time face detection", Sec. 4.1.
    Equation: eq-cascade-cost
    """
    rates, features = _rates(rates), np.asarray(features, float)
    if rates.shape != features.shape:
        raise ValueError(f"found {features.size} stages and {rates.size} rates; expected one rate a stage")
    reached = np.concatenate([[1.0], np.cumprod(rates)[:-1]])
    return float((features * reached).sum())


def _sorted(values) -> tuple[np.ndarray, np.ndarray]:
    """For each feature the order of the examples, and their values in that order: `(features, examples)`."""
    columns = np.ascontiguousarray(values.T)
    order = np.argsort(columns, axis=1, kind="stable")
    return order, np.take_along_axis(columns, order, axis=1)


def _best_in_order(order, ordered, labels, weights) -> Stump:
    """The best stump: one pass of sums over the examples in the order of each feature."""
    # With the threshold below everything, the sign +1 answers +1 to all and errs on the negatives. Moving it
    # above an example turns that one's answer to -1: the error grows for a face, falls for a non-face.
    start = weights[labels < 0].sum()
    errors = start + np.cumsum((weights * labels)[order[:, :-1]], axis=1)
    distance = np.abs(errors - 0.5)
    distance[ordered[:, 1:] == ordered[:, :-1]] = 0  # no threshold fits between equal values
    feature, place = divmod(int(distance.argmax()), distance.shape[1]) if distance.size else (0, 0)
    if not distance.size or distance[feature, place] <= abs(start - 0.5):  # the same answer to all is best
        feature, error, threshold = 0, start, -np.inf
    else:
        error = float(errors[feature, place])
        threshold = float(ordered[feature, place : place + 2].mean(dtype=float))
    return Stump(feature, threshold, 1 if error <= 0.5 else -1, max(min(error, 1 - error), 0.0))


def _checked(labels, weights, count: int) -> tuple[np.ndarray, np.ndarray]:
    labels, weights = np.asarray(labels), np.asarray(weights, float)
    if labels.shape != (count,) or weights.shape != (count,) or not np.isin(labels, (-1, 1)).all():
        raise ValueError(
            f"found labels {labels.shape} and weights {weights.shape} for {count} examples; expected one of "
            "each, labels +1 or -1"
        )
    return labels.astype(float), weights


def _rates(rates) -> np.ndarray:
    rates = np.asarray(rates, float)
    if rates.ndim != 1 or not ((rates >= 0) & (rates <= 1)).all():
        raise ValueError(f"found rates {rates.tolist()}; expected a row of shares from 0 to 1")
    return rates
