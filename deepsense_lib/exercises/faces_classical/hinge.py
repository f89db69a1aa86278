"""The hinge loss of a linear machine."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def hinge(w, x, y):
    """Give the mean hinge loss, and its subgradient with respect to the weights.

    w: (features,); x: (n, features); y: (n,) of +1 and -1. Returns the loss, a number, and (features,).
    Points beyond the margin, also those exactly on it, have no say in the subgradient.
    """
    missing = 1 - y * (x @ w)
    inside = missing > 0
    loss = np.maximum(missing, 0).mean()
    return loss, -(y[inside] @ x[inside]) / len(x)


def _problem(seed, n=9, features=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=features), rng.normal(size=(n, features)), np.where(rng.random(n) < 0.5, 1, -1)


def _parts(candidate, w, x, y):
    result = candidate(w, x, y)
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise AssertionError("expected two results: the loss and the subgradient")
    return result


def _loss(candidate):
    for seed in range(4):
        w, x, y = _problem(seed)
        expected = sum(max(0.0, 1 - t * float(r @ w)) for r, t in zip(x, y, strict=True)) / len(y)
        equal_arrays(_parts(candidate, w, x, y)[0], expected, what="the loss")


def _slope(candidate):
    for seed in range(4, 8):
        w, x, y = _problem(seed, n=6 + seed)
        rows = [t * r if t * float(r @ w) < 1 else 0 * r for r, t in zip(x, y, strict=True)]
        equal_arrays(_parts(candidate, w, x, y)[1], -np.mean(rows, axis=0), what="the subgradient", atol=1e-9)


def _kink(candidate):
    w, x, y = np.array([1.0, 0.0]), np.array([[1.0, 4.0], [3.0, 1.0]]), np.array([1, 1])
    loss, slope = _parts(candidate, w, x, y)
    equal_arrays(loss, 0.0, what="the loss on and beyond the margin")
    equal_arrays(slope, [0.0, 0.0], what="the subgradient on and beyond the margin")


def perceptron(w, x, y):
    """Only wrong signs cost something: the margin is forgotten."""
    wrong = y * (x @ w) < 0
    return np.maximum(-y * (x @ w), 0).mean(), -(y[wrong] @ x[wrong]) / len(x)


def summed(w, x, y):
    """A sum in place of the mean."""
    loss, slope = hinge(w, x, y)
    return loss * len(x), slope * len(x)


def without_label(w, x, y):
    """The label is missing in the gradient."""
    inside = y * (x @ w) < 1
    return hinge(w, x, y)[0], -x[inside].sum(0) / len(x)


def all_points(w, x, y):
    """Points beyond the margin have a say too."""
    return hinge(w, x, y)[0], -(y @ x) / len(x)


def mean_of_inside(w, x, y):
    """The gradient is divided by the number of points inside the margin."""
    inside = y * (x @ w) < 1
    return hinge(w, x, y)[0], -(y[inside] @ x[inside]) / max(inside.sum(), 1)


def on_the_line(w, x, y):
    """A point exactly on the margin still pulls."""
    inside = y * (x @ w) <= 1
    return hinge(w, x, y)[0], -(y[inside] @ x[inside]) / len(x)


EXERCISE = Exercise(
    title="The price of a small margin",
    level=2,
    task="""
    The loss of the support vector machine without its first term, as a mean over the examples.
    """,
    solution=hinge,
    stages=(
        Stage(
            _loss,
            "A point costs what is missing to the score 1 on its own side, and 0 beyond; take the mean.",
        ),
        Stage(
            _slope,
            "Each point with less than 1 gives -y x, all others nothing; divide by the number of all points.",
        ),
        Stage(
            _kink,
            "A point exactly on the margin, with the score 1, is beyond: it costs nothing and pulls nothing.",
        ),
    ),
    wrong=(
        Wrong(perceptron, "what is missing to the score 1"),
        Wrong(summed, "take the mean"),
        Wrong(without_label, "gives -y x"),
        Wrong(all_points, "all others nothing"),
        Wrong(mean_of_inside, "the number of all points"),
        Wrong(on_the_line, "A point exactly on the margin"),
    ),
)
