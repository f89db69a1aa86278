"""One step of a linear probe."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def probe_step(code, labels, w, b, rate):
    """One step of gradient descent on the mean cross-entropy of a linear probe; no penalty.

    code: (rows, numbers), frozen; labels: (rows,), whole numbers; w: (numbers, classes); b: (classes,).
    Returns the new w and the new b.
    """
    z = code @ w + b
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    return w - rate * code.T @ p / len(labels), b - rate * p.mean(0)


def _loss(code, labels, w, b):
    z = code @ w + b
    top = z.max(1)
    return np.mean(top + np.log(np.exp(z - top[:, None]).sum(1)) - z[np.arange(len(labels)), labels])


def _slope(code, labels, w, b):
    """The gradients by differences of the loss."""
    arrays, found = [w, b], []
    for k, array in enumerate(arrays):
        slope = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            sides = []
            for sign in (1, -1):
                moved = [a.copy() for a in arrays]
                moved[k][index] += sign * 1e-5
                sides.append(_loss(code, labels, *moved))
            slope[index] = (sides[0] - sides[1]) / 2e-5
        found.append(slope)
    return found


def _case(seed, rows=9, numbers=4, classes=3):
    rng = np.random.default_rng(seed)
    code, labels = rng.normal(size=(rows, numbers)), rng.integers(0, classes, rows)
    return code, labels, rng.normal(size=(numbers, classes)), rng.normal(size=classes)


def _pair(found):
    try:
        w, b = found
    except (TypeError, ValueError):
        return found, None
    return w, b


def _nothing(candidate):
    code, labels, w, b = _case(0)
    new_w, new_b = _pair(candidate(code, labels, w, b, 0.0))
    equal_arrays(new_w, w, what="w after a step of rate 0")
    equal_arrays(new_b, b, what="b after a step of rate 0")


def _bias(candidate):
    code, labels, w, b = np.zeros((4, 2)), np.array([0, 0, 0, 1]), np.zeros((2, 2)), np.zeros(2)
    _, new_b = _pair(candidate(code, labels, w, b, 1.0))
    equal_arrays(new_b, [0.25, -0.25], what="b after one step from zero, where 3 of 4 labels are class 0")


def _large(candidate):
    code, labels, w, b = np.array([[1.0], [1.0]]), np.array([0, 1]), np.array([[900.0, -900.0]]), np.zeros(2)
    new_w, _ = _pair(candidate(code, labels, w, b, 1.0))
    equal_arrays(new_w, [[899.5, -899.5]], what="the new w where the scores are 900 and -900")


def _weights(candidate):
    for seed, sizes in enumerate([(9, 4, 3), (1, 2, 2), (20, 3, 7)]):
        code, labels, w, b = _case(seed, *sizes)
        slope_w, slope_b = _slope(code, labels, w, b)
        new_w, new_b = _pair(candidate(code, labels, w, b, 0.3))
        equal_arrays(new_w, w - 0.3 * slope_w, 1e-5, what="the new w", atol=1e-7)
        equal_arrays(new_b, b - 0.3 * slope_b, 1e-5, what="the new b", atol=1e-7)


def uphill(code, labels, w, b, rate):
    """Walks up instead of down."""
    return probe_step(code, labels, w, b, -rate)


def summed(code, labels, w, b, rate):
    """The sum over rows instead of the mean."""
    return probe_step(code, labels, w, b, rate * len(labels))


def without_softmax(code, labels, w, b, rate):
    """Scores instead of probabilities: the gradient of a squared error."""
    g = code @ w + b - np.eye(len(b))[labels]
    return w - rate * code.T @ g / len(labels), b - rate * g.mean(0)


def frozen_bias(code, labels, w, b, rate):
    """The bias is forgotten."""
    return probe_step(code, labels, w, b, rate)[0], b


def shared_weights(code, labels, w, b, rate):
    """The weights move by the gradient of the scores, whatever the code said."""
    z = code @ w + b
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    return w - rate * p.mean(0), b - rate * p.mean(0)


EXERCISE = Exercise(
    title="One step of a probe",
    level=3,
    task="""
    The encoder is frozen: its code is plain numbers. Only w and b learn. The gradient with respect to the
    scores is the old acquaintance, probability minus target, divided by the number of rows.
    """,
    solution=probe_step,
    stages=(
        Stage(_nothing, "Return the new w and the new b, in this order; with rate 0 nothing moves."),
        Stage(
            _bias,
            "The bias steps down the slope: against probability minus target, averaged over the rows.",
        ),
        Stage(
            _weights, "Each weight's gradient is the mean over rows of its number in the code times p - y."
        ),
        Stage(_large, "Take the largest score away before the exponential: it overflows else."),
    ),
    wrong=(
        Wrong(uphill, "down the slope"),
        Wrong(summed, "averaged over the rows"),
        Wrong(without_softmax, "against probability minus target"),
        Wrong(frozen_bias, "The bias steps"),
        Wrong(shared_weights, "Each weight's gradient"),
    ),
)
