"""What listeners say, with the doubt that belongs to it: mean opinion scores, MUSHRA, ABX. NumPy only."""

import math

import numpy as np

from deepsense_lib.errors import InputError
from deepsense_lib.evaluation.classification import Estimate


def mean_opinion(ratings, *, repeats: int = 2000, seed: int = 0) -> Estimate:
    """Mean opinion score of one system, with a 95 % interval that draws listeners and sentences.

    Args:
        ratings: `(listeners, sentences)`, 1 to 5; NaN where a listener did not rate a sentence.
        repeats, seed: of the bootstrap. Both listeners and sentences are drawn with repetition, since
            neither these listeners nor these sentences are the ones that matter.

    Raises: InputError for other shapes or ratings, or a listener or sentence without a rating.
    Source: ITU-T P.800 (1996) for the scale; Owen (2007), "The pigeonhole bootstrap", for the interval.
    Equation: eq-mean-opinion.
    """
    ratings = _table(ratings, 1, 5)
    random = np.random.default_rng(seed)
    rows, columns = ratings.shape
    means = []
    for _ in range(repeats):
        drawn = ratings[random.integers(rows, size=rows)][:, random.integers(columns, size=columns)]
        if not np.isnan(drawn).all():
            means.append(np.nanmean(drawn))
    low, high = np.quantile(means, (0.025, 0.975))
    return Estimate(float(np.nanmean(ratings)), float(low), float(high))


def reliable_listeners(scores, reference: int, limit: float = 90.0, share: float = 0.15) -> np.ndarray:
    """Tell which listeners of a MUSHRA test found the hidden reference; the others are left out.

    A listener is left out who gives the hidden reference less than `limit` on more than `share` of the items.

    Args:
        scores: `(listeners, items, systems)`, 0 to 100.
        reference: the number of the system that is the hidden reference.
        limit, share: as in the recommendation.

    Returns booleans `(listeners,)`.
    Raises: InputError for other shapes or scores.
    Source: ITU-R BS.1534-3 (2015), section 4.1.2, post-screening.
    Equation: eq-mushra-screening.
    """
    scores = np.asarray(scores, float)
    if scores.ndim != 3 or not scores.size or not 0 <= np.nanmin(scores) <= np.nanmax(scores) <= 100:
        raise InputError(
            f"found scores of shape {scores.shape}, expected (listeners, items, systems) from 0 to 100"
        )
    if not 0 <= reference < scores.shape[2]:
        raise InputError(f"found system {reference}, expected 0 to {scores.shape[2] - 1}")
    missed = (scores[:, :, reference] < limit).mean(axis=1)
    return missed <= share


def abx_chance(right: int, trials: int) -> float:
    """Probability that guessing gives at least so many right answers in an ABX test.

    Raises: InputError unless 0 <= right <= trials and trials > 0.
    Source: Clark (1982), "High-resolution subjective testing using a double-blind comparator".
    Equation: eq-abx.
    """
    if trials <= 0 or not 0 <= right <= trials:
        raise InputError(f"found {right} right of {trials}, expected 0 to {trials} of at least 1")
    return sum(math.comb(trials, k) for k in range(right, trials + 1)) / 2**trials


def _table(ratings, low: float, high: float) -> np.ndarray:
    ratings = np.asarray(ratings, float)
    if ratings.ndim != 2 or not ratings.size or np.isnan(ratings).all():
        raise InputError(
            f"found ratings of shape {ratings.shape}, expected (listeners, sentences), not empty"
        )
    known = ~np.isnan(ratings)
    if ratings[known].min() < low or ratings[known].max() > high:
        raise InputError(
            f"found ratings from {ratings[known].min():g} to {ratings[known].max():g}, expected {low} to "
            f"{high}"
        )
    if not known.any(axis=0).all() or not known.any(axis=1).all():
        raise InputError("found a listener or a sentence without any rating; leave it out")
    return ratings
