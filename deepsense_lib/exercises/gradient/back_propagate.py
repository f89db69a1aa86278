"""Back-propagation through two layers."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays, require


def back_propagate(x, w1, b1, w2, b2, y):
    """Return the gradients (w1, b1, w2, b2) of the mean cross-entropy of a perceptron with tanh and softmax.

    x: (batch, inputs); w1: (hidden, inputs); b1: (hidden,); w2: (classes, hidden); b2: (classes,);
    y: (batch, classes), 1 at the right class. The gradients have the shapes of the weights.
    """
    a = np.tanh(x @ w1.T + b1)
    z = a @ w2.T + b2
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    g2 = (p - y) / len(x)
    g1 = (g2 @ w2) * (1 - a**2)
    return g1.T @ x, g1.sum(axis=0), g2.T @ a, g2.sum(axis=0)


def _case(batch, inputs, hidden, classes, seed):
    random = np.random.default_rng(seed)
    shapes = (batch, inputs), (hidden, inputs), (hidden,), (classes, hidden), (classes,)
    arrays = [random.normal(size=shape) for shape in shapes]
    return (*arrays, np.eye(classes)[random.integers(0, classes, batch)])


def _four(candidate, case):
    found = candidate(*case)
    require(isinstance(found, tuple | list) and len(found) == 4, "expected four arrays: of w1, b1, w2 and b2")
    return found


def _compare(candidate, case, places):
    expected, found = back_propagate(*case), _four(candidate, case)
    for place in places:
        equal_arrays(found[place], expected[place], what=f"the gradient of {('w1', 'b1', 'w2', 'b2')[place]}")


def _head(candidate):
    for seed in range(3):
        _compare(candidate, _case(1, 3, 4, 5, seed), (2, 3))


def _hidden(candidate):
    for seed in range(3):
        _compare(candidate, _case(1, 3, 4, 5, seed), (0, 1))


def _batch(candidate):
    for seed, sizes in enumerate(((4, 3, 4, 5), (7, 1, 2, 2), (2, 6, 1, 3))):
        _compare(candidate, _case(*sizes, 10 + seed), range(4))


def _large(candidate):
    x, w1, b1, w2, b2, y = _case(3, 2, 3, 4, 20)
    _compare(candidate, (x, w1, b1, 1000 * w2, b2, y), range(4))


def _parts(x, w1, b1, w2, b2, y):
    a = np.tanh(x @ w1.T + b1)
    z = a @ w2.T + b2
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return a, z, p


def reversed_sign(*case):
    """Target minus prediction."""
    return tuple(-g for g in back_propagate(*case))


def no_slope(x, w1, b1, w2, b2, y):
    """The derivative of tanh is forgotten."""
    a, _, p = _parts(x, w1, b1, w2, b2, y)
    g2 = (p - y) / len(x)
    g1 = g2 @ w2
    return g1.T @ x, g1.sum(axis=0), g2.T @ a, g2.sum(axis=0)


def slope_at_a(x, w1, b1, w2, b2, y):
    """1 - tanh(a) squared: tanh was applied twice."""
    a, _, p = _parts(x, w1, b1, w2, b2, y)
    g2 = (p - y) / len(x)
    g1 = (g2 @ w2) * (1 - np.tanh(a) ** 2)
    return g1.T @ x, g1.sum(axis=0), g2.T @ a, g2.sum(axis=0)


def summed(x, *rest):
    """The mean over the batch is forgotten."""
    return tuple(g * len(x) for g in back_propagate(x, *rest))


def mean_biases(x, *rest):
    """Means instead of sums for the biases: divided by the batch size twice."""
    g_w1, g_b1, g_w2, g_b2 = back_propagate(x, *rest)
    return g_w1, g_b1 / len(x), g_w2, g_b2 / len(x)


def overflowing(x, w1, b1, w2, b2, y):
    """The softmax overflows for large scores."""
    a = np.tanh(x @ w1.T + b1)
    p = np.exp(a @ w2.T + b2)
    p = p / p.sum(axis=1, keepdims=True)
    g2 = (p - y) / len(x)
    g1 = (g2 @ w2) * (1 - a**2)
    return g1.T @ x, g1.sum(axis=0), g2.T @ a, g2.sum(axis=0)


EXERCISE = Exercise(
    title="Back-propagation by yourself",
    level=3,
    task="""
    The whole section "The chain rule, backwards" in about eight lines. Start with prediction minus target.
    Compare shapes as you go: each gradient has the shape of its weights.
    """,
    solution=back_propagate,
    stages=(
        Stage(
            _head, "The head first: prediction minus target, times the hidden units; for the bias, as it is."
        ),
        Stage(_hidden, "Back through w2, times the slope of tanh, 1 - a², where a is already the tanh."),
        Stage(
            _batch,
            "The loss is a mean: divide prediction minus target by the batch size, then sum over rows.",
        ),
        Stage(_large, "Scores of some thousands must not become NaN: subtract the largest one before `exp`."),
    ),
    wrong=(
        Wrong(reversed_sign, "prediction minus target, times the hidden units"),
        Wrong(no_slope, "times the slope of tanh"),
        Wrong(slope_at_a, "where a is already the tanh"),
        Wrong(summed, "by the batch size, then"),
        Wrong(mean_biases, "sum over rows"),
        Wrong(overflowing, "subtract the largest one"),
    ),
)
