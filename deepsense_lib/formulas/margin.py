"""The linear support vector machine: margin, hinge loss, its subgradient, and the dual solved by coordinates.

Chapter: "Faces before deep learning". Labels are +1 and -1. A bias is the weight of a feature that is always
1, so it is kept small like the others (as in liblinear).
"""

import numpy as np


def margin(w) -> float:
    """Give the distance between the lines where the score is +1 and -1.

    Shapes: w `(features,)`, without the bias.
    Raises: ValueError for a zero vector.
    Source: Cortes, Vapnik (1995), "Support-vector networks", Sec. 2.
    Equation: eq-margin
    """
    length = float(np.linalg.norm(w))
    if length == 0:
        raise ValueError("all weights are 0; expected a direction")
    return 2 / length


def hinge_objective(w, x, y, penalty: float, power: int = 1) -> float:
    """Give the half squared length of the weights plus the price of points that are not beyond the margin.

    Shapes: w `(features,)`, x `(n, features)`, y `(n,)` of +1 and -1. `penalty` is the price of a point, C;
    `power` 1 is the hinge, 2 its square.
    Raises: ValueError when labels or power are not as described.
    Source: Cortes, Vapnik (1995); Hsieh et al. (2008), "A dual coordinate descent method for large-scale
    linear SVM", Sec. 1.
    Equation: eq-hinge-objective
    """
    x, y = _checked(x, y, power)
    missing = np.maximum(0, 1 - y * (x @ w))
    return float(0.5 * np.dot(w, w) + penalty * (missing**power).sum())


def hinge_subgradient(w, x, y, penalty: float) -> np.ndarray:
    """Give a direction of steepest growth of the objective; points beyond the margin have no say.

    Shapes: as in `hinge_objective` with power 1; returns `(features,)`. At the kink, where a score is
    exactly 1, it counts as beyond: one of many subgradients, and the one that PyTorch's relu takes.
    Raises: ValueError when labels are not +1 and -1.
    Source: Shalev-Shwartz et al. (2011), "Pegasos: primal estimated sub-gradient solver for SVM", Sec. 2.
    Equation: eq-hinge-subgradient
    """
    x, y = _checked(x, y, 1)
    w = np.asarray(w, float)
    inside = y * (x @ w) < 1
    return w - penalty * (y[inside] @ x[inside])


def svm_dual(
    x, y, penalty: float, power: int = 1, rounds: int = 1000, tolerance: float = 1e-8, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Train a linear SVM one example at a time, each step exact.

    Shapes: x `(n, features)`, y `(n,)` of +1 and -1; returns weights `(features,)` and the dual variables
    `(n,)`: how strongly each example holds the line, 0 for those beyond the margin. Stops when a whole round
    moves nothing by more than `tolerance`.
    Raises: ValueError when labels or power are not as described.
    Source: Hsieh, Chang, Lin, Keerthi, Sundararajan (2008), Algorithm 1.
    Equation: eq-svm-dual
    """
    x, y = _checked(x, y, power)
    rng = np.random.default_rng(seed)
    most, extra = (penalty, 0.0) if power == 1 else (np.inf, 1 / (2 * penalty))
    curvature = (x**2).sum(1) + extra
    alpha, w = np.zeros(len(x)), np.zeros(x.shape[1])
    for _ in range(rounds):
        largest = 0.0
        for n in rng.permutation(len(x)):
            slope = y[n] * (x[n] @ w) - 1 + extra * alpha[n]
            new = min(max(alpha[n] - slope / curvature[n], 0.0), most) if curvature[n] else most
            step = new - alpha[n]
            if step:
                w += step * y[n] * x[n]
                alpha[n] = new
                largest = max(largest, abs(step))
        if largest < tolerance:
            break
    return w, alpha


def dual_objective(alpha, x, y, penalty: float, power: int = 1) -> float:
    """Give the dual's value: a lower bound of the objective, equal to it at the optimum.

    Shapes: alpha `(n,)`, not negative (at most `penalty` for power 1), x `(n, features)`, y `(n,)`.
    Raises: ValueError when labels or power are not as described, or alpha is not allowed.
    Source: Hsieh et al. (2008), Sec. 1, with the sign turned.
    Equation: eq-svm-dual-objective
    """
    x, y = _checked(x, y, power)
    alpha = np.asarray(alpha, float)
    if alpha.min() < 0 or (power == 1 and alpha.max() > penalty * (1 + 1e-9)):
        raise ValueError(f"alpha lies between {alpha.min()} and {alpha.max()}; expected 0 to the penalty")
    w = (alpha * y) @ x
    bent = 0.0 if power == 1 else (alpha**2).sum() / (4 * penalty)
    return float(alpha.sum() - 0.5 * np.dot(w, w) - bent)


def _checked(x, y, power: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(x, float), np.asarray(y, float)
    if power not in (1, 2):
        raise ValueError(f"power is {power}; expected 1 (hinge) or 2 (squared hinge)")
    if x.ndim != 2 or y.shape != (len(x),) or not np.isin(y, (-1, 1)).all():
        raise ValueError(f"found x {x.shape} and y {y.shape}; expected one label +1 or -1 for each row")
    return x, y
