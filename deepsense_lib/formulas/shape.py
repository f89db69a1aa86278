"""Shapes from landmarks: similarity transforms, Procrustes alignment, a model of shapes, regression.

Chapter: "Faces before deep learning". A shape is `(points, 2)`: column and row of each landmark.
"""

from typing import NamedTuple

import numpy as np

from deepsense_lib.formulas.autoencoder import principal_components


class Similarity(NamedTuple):
    """A transform of the plane that keeps shape: y = scale * rotation @ x + shift."""

    scale: float
    rotation: np.ndarray  # (2, 2), determinant 1
    shift: np.ndarray  # (2,)


def fit_similarity(source, target) -> Similarity:
    """Find the rotation, scale and shift that carry one shape onto another with least squared distance.

    Shapes: source, target `(points, 2)`. A mirrored shape is not turned over: the determinant stays 1.
    Raises: ValueError when shapes differ, are not in the plane, or all points of the source coincide.
    Source: Umeyama (1991), "Least-squares estimation of transformation parameters between two point
    patterns", Eq. 38 to 43.
    Equation: eq-similarity-fit
    """
    source, target = _pair(source, target)
    a, b = source - source.mean(0), target - target.mean(0)
    left, values, right = np.linalg.svd(b.T @ a)
    flip = np.array([1.0, np.sign(np.linalg.det(left) * np.linalg.det(right))])
    rotation = (left * flip) @ right
    scale = float((values * flip).sum() / (a**2).sum())
    return Similarity(scale, rotation, target.mean(0) - scale * rotation @ source.mean(0))


def apply_similarity(shape, transform: Similarity) -> np.ndarray:
    """Turn, scale and shift every point.

    Shapes: shape `(..., points, 2)`; returns the same.
    Source: Umeyama (1991), Sec. 1.
    Equation: eq-similarity
    """
    return transform.scale * np.asarray(shape, float) @ transform.rotation.T + transform.shift


def procrustes_distance(source, target) -> float:
    """Say how much two shapes differ once place, size and turn are taken away: 0 same, 1 nothing alike.

    Shapes: source, target `(points, 2)`. Squared distance of shapes of unit size at the best similarity. A
    mirror image counts as different (scipy.spatial.procrustes would turn it over).
    Raises: ValueError as `fit_similarity`, and when all points of the target coincide.
    Source: Gower (1975), "Generalized Procrustes analysis"; Dryden, Mardia (2016), "Statistical shape
    analysis".
    Equation: eq-procrustes-distance
    """
    source, target = _pair(source, target)
    rest = target - apply_similarity(source, fit_similarity(source, target))
    size = ((target - target.mean(0)) ** 2).sum()
    if size == 0:
        raise ValueError("all points of the target coincide; expected a shape with some extent")
    return float((rest**2).sum() / size)


def align_shapes(shapes, rounds: int = 20, tolerance: float = 1e-10) -> tuple[np.ndarray, np.ndarray]:
    """Lay many shapes over their common mean, which is found along the way.

    Shapes: shapes `(n, points, 2)`; returns the aligned shapes and the mean `(points, 2)`. The mean keeps
    the first shape's turn and has mean 0 and root-mean-square distance 1 from it.
    Raises: ValueError when there are fewer than two shapes, or one has no extent.
    Source: Gower (1975); Cootes, Taylor, Cooper, Graham (1995), "Active shape models - their training and
    application", Sec. 3.
    Equation: eq-mean-shape
    """
    shapes = np.asarray(shapes, float)
    if shapes.ndim != 3 or len(shapes) < 2:
        raise ValueError(f"found shapes {shapes.shape}; expected (n, points, 2) with at least two shapes")
    first = mean = _unit(shapes[0])
    for _ in range(rounds):
        aligned = np.array([apply_similarity(shape, fit_similarity(shape, mean)) for shape in shapes])
        new = _unit(aligned.mean(0))
        new = _unit(apply_similarity(new, fit_similarity(new, first)))  # the turn would drift otherwise
        moved = np.abs(new - mean).max()
        mean = new
        if moved < tolerance:
            break
    aligned = np.array([apply_similarity(shape, fit_similarity(shape, mean)) for shape in shapes])
    return aligned, mean


def shape_modes(aligned, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the directions in which aligned shapes vary most.

    Shapes: aligned `(n, points, 2)`; returns the mean `(points, 2)`, modes `(count, points, 2)` of unit
    length, and the variance of each `(count,)`.
    Raises: ValueError when count is not between 1 and 2 * points.
    Source: Cootes et al. (1995), Sec. 3: principal components of the aligned coordinates.
    Equation: eq-shape-modes
    """
    aligned = np.asarray(aligned, float)
    rows = aligned.reshape(len(aligned), -1)
    modes, variances = principal_components(rows, count)
    return aligned.mean(0), modes.reshape(count, *aligned.shape[1:]), variances


def shape_from(mean, modes, amounts) -> np.ndarray:
    """Build a shape from amounts of each mode.

    Shapes: mean `(points, 2)`, modes `(count, points, 2)`, amounts `(..., count)`; returns
    `(..., points, 2)`.
    Source: Cootes et al. (1995), their model x = mean + P b.
    Equation: eq-shape-model
    """
    return np.asarray(mean, float) + np.tensordot(np.asarray(amounts, float), np.asarray(modes, float), 1)


def plausible_amounts(amounts, variances, limit: float = 3.0) -> np.ndarray:
    """Keep every amount within some standard deviations of the shapes that the model was made from.

    Shapes: amounts `(..., count)`, variances `(count,)`; returns the shape of amounts.
    Raises: ValueError when the limit is not positive.
    Source: Cootes et al. (1995), Sec. 3: typically three deviations.
    Equation: eq-shape-limit
    """
    if not limit > 0:
        raise ValueError(f"limit is {limit}; expected a positive number of standard deviations")
    reach = limit * np.sqrt(np.maximum(np.asarray(variances, float), 0))
    return np.clip(np.asarray(amounts, float), -reach, reach)


def ridge(x, y, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    """Fit a linear map with small weights: squared error plus a penalty on the weights, not on the bias.

    Shapes: x `(n, features)`, y `(n, outputs)`; returns weights `(features, outputs)` and bias `(outputs,)`.
    Raises: ValueError when lengths differ or the penalty is not positive.
    Source: Hoerl, Kennard (1970), "Ridge regression: biased estimation for nonorthogonal problems".
    Equation: eq-ridge
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    if len(x) != len(y) or not penalty > 0:
        raise ValueError(
            f"found {len(x)} and {len(y)} rows and the penalty {penalty}; expected equal and > 0"
        )
    a, b = x - x.mean(0), y - y.mean(0)
    weights = np.linalg.solve(a.T @ a + penalty * np.eye(x.shape[1]), a.T @ b)
    return weights, y.mean(0) - x.mean(0) @ weights


def _unit(shape) -> np.ndarray:
    shape = shape - shape.mean(0)
    size = np.sqrt((shape**2).sum(1).mean())
    if size == 0:
        raise ValueError("all points of a shape coincide; expected a shape with some extent")
    return shape / size


def _pair(source, target) -> tuple[np.ndarray, np.ndarray]:
    source, target = np.asarray(source, float), np.asarray(target, float)
    if source.shape != target.shape or source.ndim != 2 or source.shape[1] != 2:
        raise ValueError(f"found shapes {source.shape} and {target.shape}; expected two of (points, 2)")
    if np.ptp(source, axis=0).max() == 0:
        raise ValueError("all points of the source coincide; expected a shape with some extent")
    return source, target
