"""Steps along a gradient: each function takes weights, gradient and memory, and returns them anew.

Derived in the chapter "Learning by gradient". Weights `w`, gradient `g` and memories have one shape; a memory
starts at zero; `step` counts from 1. Where PyTorch and Keras differ, each has a function or an argument.
"""

import numpy as np


def gradient_descent(w, g, rate: float) -> np.ndarray:
    """Return the weights after one step against the gradient.

    w, g: one shape; rate: the learning rate.
    Source: Goodfellow, Bengio, Courville 2016, Deep Learning, equation 4.5.
    Equation: eq-gradient-descent
    """
    return np.asarray(w) - rate * np.asarray(g)


def largest_rate(hessian) -> float:
    """Return the rate from which on gradient descent on a quadratic no longer converges: 2 / lambda_max.

    hessian: `(n, n)`, symmetric, with at least one positive eigenvalue.
    Raises: ValueError if it is not symmetric or has no positive eigenvalue.
    Source: LeCun, Bottou, Orr, Mueller 1998, Efficient BackProp, section 5.
    Equation: eq-step-limit
    """
    hessian = np.asarray(hessian, dtype=float)
    if hessian.ndim != 2 or hessian.shape[0] != hessian.shape[1] or not np.allclose(hessian, hessian.T):
        raise ValueError(f"the matrix {hessian.shape} is not symmetric; expected second derivatives")
    largest = np.linalg.eigvalsh(hessian)[-1]
    if not largest > 0:
        raise ValueError(f"the largest eigenvalue is {largest:g}; expected a positive one")
    return float(2 / largest)


def momentum(
    w, g, v, rate: float, decay: float = 0.9, nesterov: bool = False, dampening: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return (weights, velocity) after a step with momentum, the rate outside of the velocity (PyTorch).

    v: velocity, a sum of gradients; decay: what is left of it after a step. PyTorch's first velocity is the
    gradient itself, so `dampening` must be 0 in the first step.
    Source: PyTorch documentation of `torch.optim.SGD`; after Sutskever and others 2013, equations 1 to 4.
    Equation: eq-momentum
    """
    g = np.asarray(g)
    v = decay * np.asarray(v) + (1 - dampening) * g
    return w - rate * (g + decay * v if nesterov else v), v


def momentum_rate_inside(
    w, g, v, rate: float, decay: float = 0.9, nesterov: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return (weights, velocity) after a step with momentum, the rate inside of the velocity (Keras).

    v: velocity, the last change of the weights. The same path as `momentum` while the rate stays the same.
    Source: Sutskever, Martens, Dahl, Hinton 2013, equations 1 and 2; Keras documentation of `SGD`.
    Equation: eq-momentum-rate-inside
    """
    g = np.asarray(g)
    v = decay * np.asarray(v) - rate * g
    return w + (decay * v - rate * g if nesterov else v), v


def rmsprop(
    w, g, v, rate: float, decay: float = 0.9, epsilon: float = 1e-8, inside: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return (weights, mean square) after a step divided by the root of the recent mean square.

    v: running mean of squared gradients; inside: add epsilon under the root, as Keras does, not behind it.
    Source: Hinton, Srivastava, Swersky 2012, Neural Networks for Machine Learning, lecture 6e.
    Equation: eq-rmsprop
    """
    g = np.asarray(g)
    v = decay * np.asarray(v) + (1 - decay) * g**2
    return w - rate * g / (np.sqrt(v + epsilon) if inside else np.sqrt(v) + epsilon), v


def adam(
    w, g, m, v, step: int, rate: float, betas: tuple[float, float] = (0.9, 0.999), epsilon: float = 1e-8
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (weights, mean, mean square) after a step of Adam with bias correction.

    m, v: running means of the gradient and of its square; step: 1 for the first.
    Raises: ValueError if the step is below 1, where the correction would divide by zero.
    Source: Kingma, Ba 2015 (arXiv 1412.6980), algorithm 1.
    Equation: eq-adam
    """
    m, v = _moments(g, m, v, step, betas)
    mean, square = m / (1 - betas[0] ** step), v / (1 - betas[1] ** step)
    return w - rate * mean / (np.sqrt(square) + epsilon), m, v


def adam_folded(
    w, g, m, v, step: int, rate: float, betas: tuple[float, float] = (0.9, 0.999), epsilon: float = 1e-7
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (weights, mean, mean square) after a step of Adam whose corrections are folded into the rate.

    This is Keras's order. Its epsilon stands beside the uncorrected root, so in the first steps it weighs
    1 / sqrt(1 - beta2^step) times as much as in `adam`.
    Raises: ValueError if the step is below 1.
    Source: Kingma, Ba 2015 (arXiv 1412.6980), end of section 2; Keras documentation of `Adam`.
    Equation: eq-adam-folded
    """
    m, v = _moments(g, m, v, step, betas)
    folded = rate * np.sqrt(1 - betas[1] ** step) / (1 - betas[0] ** step)
    return w - folded * m / (np.sqrt(v) + epsilon), m, v


def l2_gradient(w, g, decay: float) -> np.ndarray:
    """Return the gradient of the loss plus half of `decay` times the squared length of the weights.

    w, g: one shape. PyTorch's `weight_decay` of SGD and Adam does this.
    Source: Goodfellow, Bengio, Courville 2016, equation 7.3.
    Equation: eq-l2-gradient
    """
    return np.asarray(g) + decay * np.asarray(w)


def decayed_weights(w, rate: float, decay: float) -> np.ndarray:
    """Return the weights, shrunk before a step, past the memory of the optimiser: decoupled weight decay.

    w: any shape. AdamW is this, then `adam`; Keras's `weight_decay` does it with every optimiser.
    Source: Loshchilov, Hutter 2019 (arXiv 1711.05101), algorithm 2.
    Equation: eq-decoupled-decay
    """
    return np.asarray(w) * (1 - rate * decay)


def warmup_cosine(step: int, steps: int, rate: float, warmup: int, final: float) -> float:
    """Return the learning rate of a step that counts from 0: a linear rise, times half a cosine.

    steps: of the whole run, at least 1; warmup: steps of the rise; final: share of the rate at the end.
    Raises: ValueError if the step is not one of the run.
    Source: Loshchilov, Hutter 2017 (arXiv 1608.03983), equation 5, without restarts.
    Equation: eq-warmup-cosine
    """
    if not 0 <= step < steps:
        raise ValueError(f"step is {step}; expected 0 to {steps - 1}")
    rise = min(1.0, (step + 1) / max(1, warmup))
    fall = 0.5 * (1 + np.cos(np.pi * step / max(1, steps - 1)))
    return float(rate * rise * (final + (1 - final) * fall))


def _moments(g, m, v, step: int, betas: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    if step < 1:
        raise ValueError(
            f"step is {step}; expected 1 for the first, because the correction divides by 0 at 0"
        )
    g = np.asarray(g)
    return betas[0] * np.asarray(m) + (1 - betas[0]) * g, betas[1] * np.asarray(v) + (1 - betas[1]) * g**2
