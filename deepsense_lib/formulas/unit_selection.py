"""Unit selection: of many recorded pieces for each place, the row that fits best and joins best.

Derived in the chapter "Speech before deep learning".
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Path(NamedTuple):
    """The cheapest row of units."""

    units: np.ndarray  # (places,), the number of the chosen candidate at each place
    cost: float


def target_cost(mismatches: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return how badly each candidate fits its place: a weighted sum of mismatches.

    mismatches: `(candidates, features)`, 0 where a feature is as wanted; weights: `(features,)`, 0 or more.
    Returns `(candidates,)`.
    Raises: ValueError if the shapes disagree or a weight is negative.
    Source: Hunt & Black 1996, Proc. ICASSP, equation 1.
    Equation: eq-target-cost
    """
    mismatches, weights = np.asarray(mismatches, float), np.asarray(weights, float)
    if mismatches.ndim != 2 or mismatches.shape[1:] != weights.shape or np.any(weights < 0):
        raise ValueError(
            f"mismatches {mismatches.shape}, weights {weights}; expected a weight of 0 or more each"
        )
    return mismatches @ weights


def join_cost(ends: np.ndarray, starts: np.ndarray, natural: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return what each join costs: a weighted distance of features at the seam, and 0 where it is no seam.

    ends: `(left candidates, features)`, the last frame of each; starts: `(right candidates, features)`, the
    first;
    natural: `(left, right)`, true where the right one follows the left one in the recording.
    Returns `(left, right)`.
    Raises: ValueError if the shapes disagree or a weight is negative.
    Source: Hunt & Black 1996, Proc. ICASSP, equation 2, with squared distances.
    Equation: eq-join-cost
    """
    ends, starts, weights = (np.asarray(a, float) for a in (ends, starts, weights))
    shapes_fit = ends.shape[1:] == starts.shape[1:] == weights.shape
    if not shapes_fit or np.shape(natural) != (len(ends), len(starts)) or np.any(weights < 0):
        raise ValueError(
            f"ends {ends.shape}, starts {starts.shape}, natural {np.shape(natural)}, weights {weights.shape}"
            "; expected rows with one weight of 0 or more for each feature, and a truth value for each pair"
        )
    a, b = ends * np.sqrt(weights), starts * np.sqrt(weights)
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
    return np.where(natural, 0.0, np.maximum(squared, 0))


def path_cost(units: Sequence[int], targets: Sequence[np.ndarray], joins: Sequence[np.ndarray]) -> float:
    """Return the whole cost of a row of units: its target costs and the costs of its joins.

    units: one candidate for each place; targets: `(candidates,)` for each place; joins: `(left, right)` for
    each two neighbours.
    Raises: ValueError if the numbers of places and joins disagree.
    Source: Hunt & Black 1996, Proc. ICASSP, equation 3.
    Equation: eq-path-cost
    """
    if not len(units) == len(targets) == len(joins) + 1:
        raise ValueError(
            f"{len(units)} units, {len(targets)} places, {len(joins)} joins; expected n, n, n - 1"
        )
    own = sum(float(t[u]) for t, u in zip(targets, units, strict=True))
    return own + sum(float(j[units[n], units[n + 1]]) for n, j in enumerate(joins))


def cheapest_path(targets: Sequence[np.ndarray], joins: Sequence[np.ndarray]) -> Path:
    """Return the cheapest row of units by dynamic programming (Viterbi): the best way to each candidate.

    targets, joins: as in `path_cost`; the numbers of candidates may differ from place to place.
    Raises: ValueError if a place has no candidate or a shape does not fit.
    Source: Viterbi 1967, IEEE Trans. Inf. Theory 13(2); in unit selection: Hunt & Black 1996, equation 4.
    Equation: eq-cheapest-path
    """
    if len(targets) != len(joins) + 1 or not all(len(t) for t in targets):
        raise ValueError(
            f"{len(targets)} places, {len(joins)} joins; expected n and n - 1, and candidates everywhere"
        )
    best, came_from = np.asarray(targets[0], float), []
    for place, join in enumerate(joins, start=1):
        if np.shape(join) != (len(best), len(targets[place])):
            raise ValueError(
                f"the joins before place {place} have shape {np.shape(join)}; expected "
                f"{(len(best), len(targets[place]))}"
            )
        ways = best[:, None] + join
        came_from.append(ways.argmin(0))
        best = ways.min(0) + targets[place]
    units = [int(best.argmin())]
    for back in came_from[::-1]:
        units.append(int(back[units[-1]]))
    return Path(np.array(units[::-1]), float(best.min()))


def pruned(targets: np.ndarray, keep: int) -> np.ndarray:
    """Return the numbers of the `keep` candidates with the smallest target cost, the best first.

    targets: `(candidates,)`. Returns `(min(keep, candidates),)`; of equal ones the first.
    Raises: ValueError if keep is below 1.
    Source: Hunt & Black 1996, Proc. ICASSP, pruning of candidates before the search.
    Equation: eq-pruned-candidates
    """
    if keep < 1:
        raise ValueError(f"keep is {keep}; expected at least 1")
    return np.argsort(np.asarray(targets), kind="stable")[:keep]
