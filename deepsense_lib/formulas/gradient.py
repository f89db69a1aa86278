"""From likelihood to gradients: losses, back-propagation, its check, first weights, and two regularisers.

Derived in the chapter "Learning by gradient". Inputs are `(batch, inputs)`, weights `(outputs, inputs)` as
PyTorch keeps them. Every gradient is that of a scalar loss. The steps that use them are in `optimisers`.
"""

from collections.abc import Callable, Sequence

import numpy as np

from deepsense_lib.formulas.classification import linear, linear_gradient, relu, relu_gradient, softmax

ACTIVATIONS = ("tanh", "relu")


def mean_squared_error(prediction, target) -> float:
    """Return the mean of the squared differences, over the batch and over all numbers of a row.

    prediction, target: one shape, at least one number.
    Raises: ValueError if the shapes differ or nothing is given: broadcasting would compare everything with
    everything.
    Source: Goodfellow, Bengio, Courville 2016, Deep Learning, section 5.5.1.
    Equation: eq-mean-squared-error
    """
    prediction, target = _alike(prediction, target)
    return float(np.mean((prediction - target) ** 2))


def mean_squared_error_gradient(prediction, target) -> np.ndarray:
    """Return the gradient of the mean squared error with respect to the prediction.

    prediction, target: one shape; returns the same shape.
    Raises: ValueError as `mean_squared_error`.
    Source: derived in the chapter from eq-mean-squared-error.
    Equation: eq-mean-squared-error-gradient
    """
    prediction, target = _alike(prediction, target)
    return 2 * (prediction - target) / prediction.size


def squared_probability_gradient(z, y) -> np.ndarray:
    """Return the gradient, with respect to the scores, of the squared error between softmax and target.

    Scores z and targets y `(batch, classes)`; the loss is the sum over classes, the mean over the batch.
    It vanishes where the softmax is saturated, right or wrong: the wrong loss for this output.
    Raises: ValueError if the shapes differ.
    Source: the chain rule on the Jacobian of the softmax, as the chapter gives it.
    Equation: eq-squared-probability-gradient
    """
    z, y = _alike(z, y)
    p = softmax(z)
    slope = 2 * (p - y)
    return p * (slope - np.sum(p * slope, axis=-1, keepdims=True)) / len(z)


def conditional_mean(groups, targets) -> np.ndarray:
    """Return for each row the mean target of all rows of its group: what the squared error learns.

    groups: `(n,)` whole numbers, what is known of a row; targets: `(n, ...)`; returns the shape of targets.
    Raises: ValueError if the lengths differ or nothing is given.
    Source: Goodfellow, Bengio, Courville 2016, section 6.2.1.2.
    Equation: eq-conditional-mean
    """
    groups, targets = np.asarray(groups), np.asarray(targets, dtype=float)
    if groups.ndim != 1 or len(groups) != len(targets) or len(groups) == 0:
        raise ValueError(f"found groups {groups.shape} and targets {targets.shape}, expected a group a row")
    _, row = np.unique(groups, return_inverse=True)
    sums = np.zeros((row.max() + 1, *targets.shape[1:]))
    np.add.at(sums, row, targets)
    counts = np.bincount(row).reshape(-1, *[1] * (targets.ndim - 1))
    return (sums / counts)[row]


def perceptron(x, w1, b1, w2, b2, activation: str = "tanh") -> np.ndarray:
    """Return the scores of a perceptron with one hidden layer.

    x `(batch, inputs)`, w1 `(hidden, inputs)`, b1 `(hidden,)`, w2 `(outputs, hidden)`, b2 `(outputs,)`;
    returns `(batch, outputs)`.
    Raises: ValueError if the activation is unknown.
    Source: Rumelhart, Hinton, Williams 1986, Learning representations by back-propagating errors.
    Equation: eq-perceptron
    """
    return linear(_activate(linear(x, w1, b1), activation), w2, b2)


def perceptron_gradient(x, w1, b1, w2, b2, g, activation: str = "tanh") -> tuple[np.ndarray, ...]:
    """Return the gradients of a loss with respect to w1, b1, w2 and b2, given that of the scores.

    Shapes as in `perceptron`; g `(batch, outputs)` is the gradient with respect to the scores.
    Raises: ValueError if the activation is unknown.
    Source: Goodfellow, Bengio, Courville 2016, algorithm 6.4.
    Equation: eq-backpropagation
    """
    z = linear(x, w1, b1)
    a = _activate(z, activation)
    back, g_w2, g_b2 = linear_gradient(a, w2, g)
    g_z = back * (1 - a**2) if activation == "tanh" else relu_gradient(z, back)
    _, g_w1, g_b1 = linear_gradient(x, w1, g_z)
    return g_w1, g_b1, g_w2, g_b2


def central_difference(f: Callable[[np.ndarray], float], x, step: float = 1e-5) -> np.ndarray:
    """Return the gradient of f at x by two values of f for each number of x.

    f: takes an array of the shape of x, gives one number; x: any shape; returns that shape, in float64.
    Raises: ValueError if the step is not positive.
    Source: Nocedal, Wright 2006, Numerical Optimization, section 8.1.
    Equation: eq-central-difference
    """
    if not step > 0:
        raise ValueError(f"step is {step}; expected a positive number")
    x = np.array(x, dtype=np.float64)
    found = np.empty_like(x)
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += step
        down[place] -= step
        found[place] = (f(up) - f(down)) / (2 * step)
    return found


def difference_step(value: float, third_derivative: float, epsilon: float = 2.0**-52) -> float:
    """Return the step at which truncation and rounding of a central difference cost least together.

    value: size of f near the point; third_derivative: of f; epsilon: of the number format.
    Raises: ValueError if one of them is not positive.
    Source: Nocedal, Wright 2006, section 8.1: the step grows with the cube root of epsilon.
    Equation: eq-difference-step
    """
    if not min(value, third_derivative, epsilon) > 0:
        raise ValueError(f"found {value}, {third_derivative}, {epsilon}; expected three positive numbers")
    return float(np.cbrt(3 * epsilon * value / third_derivative))


def preactivation_variance(inputs: int, weight_variance: float, mean_square: float) -> float:
    """Return the variance of a weighted sum with independent, centred weights and no bias.

    inputs: number of summands; mean_square: mean of the squared inputs, not their variance.
    Source: He, Zhang, Ren, Sun 2015 (arXiv 1502.01852), section 2.2.
    Equation: eq-preactivation-variance
    """
    return float(inputs * weight_variance * mean_square)


def lecun_variance(inputs: int) -> float:
    """Return the variance of weights that keeps the variance of linear units from layer to layer.

    inputs: numbers that a unit sees.
    Source: LeCun, Bottou, Orr, Mueller 1998, Efficient BackProp, section 4.6.
    Equation: eq-lecun-variance
    """
    return 1 / inputs


def glorot_variance(inputs: int, outputs: int) -> float:
    """Return the variance of weights between what the forward and what the backward pass asks for.

    inputs, outputs: widths of the layer before and of this one.
    Source: Glorot, Bengio 2010, equation 12.
    Equation: eq-glorot-variance
    """
    return 2 / (inputs + outputs)


def he_variance(inputs: int) -> float:
    """Return the variance of weights that keeps the mean square of ReLU units from layer to layer.

    inputs: numbers that a unit sees. ReLU throws away half of the mean square, so it is twice LeCun's.
    Source: He, Zhang, Ren, Sun 2015 (arXiv 1502.01852), equation 10.
    Equation: eq-he-variance
    """
    return 2 / inputs


def dropout(a, mask, keep: float) -> np.ndarray:
    """Return activations with some set to zero and the others enlarged, so that the mean stays.

    a, mask: one shape, 1 stays and 0 goes; keep: the probability of staying.
    Raises: ValueError if the probability is not in (0, 1].
    Source: Srivastava and others 2014, Dropout, section 4; scaled while training, as frameworks do.
    Equation: eq-dropout
    """
    if not 0 < keep <= 1:
        raise ValueError(f"the probability of staying is {keep}; expected above 0, at most 1")
    return np.asarray(a) * np.asarray(mask) / keep


def early_stopping(losses: Sequence[float], patience: int) -> tuple[int, int]:
    """Return (best, last): the check whose weights are kept, and the one after which training ends.

    losses: validation losses in order, at least one; patience: how many checks without a new best are
    borne. A loss that is not a number is never the best.
    Raises: ValueError if there is no loss or the patience is below 1.
    Source: Goodfellow, Bengio, Courville 2016, algorithm 7.1.
    Equation: eq-early-stopping
    """
    if len(losses) == 0 or patience < 1:
        raise ValueError(f"found {len(losses)} losses and patience {patience}; expected at least 1 of each")
    best, lowest = 0, np.inf
    for check, loss in enumerate(losses):
        if loss < lowest:
            best, lowest = check, loss
        if check - best >= patience:
            return best, check
    return best, len(losses) - 1


def _activate(z, activation: str) -> np.ndarray:
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation is {activation!r}; expected one of {', '.join(ACTIVATIONS)}")
    return np.tanh(z) if activation == "tanh" else relu(z)


def _alike(a, b) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or a.size == 0:
        raise ValueError(f"found the shapes {a.shape} and {b.shape}; expected one shape, and not empty")
    return a, b
