"""Recurrence: the simple recurrent net, why its gradient vanishes, the LSTM, back-propagation through time.

One sequence at a time: `(time, width)`, a row is one step. Derived in the chapter "Sequence to sequence".
"""

from typing import NamedTuple

import numpy as np


class Gates(NamedTuple):
    """What one step of an LSTM computes on its way; each `(width,)`."""

    input: np.ndarray  # i, how much of the candidate is written
    forget: np.ndarray  # f, how much of the old cell is kept
    candidate: np.ndarray  # g, what would be written
    output: np.ndarray  # o, how much of the cell is shown


class LSTMGradients(NamedTuple):
    """Gradients of a loss with respect to everything that went into an LSTM."""

    x: np.ndarray  # (time, inputs)
    h: np.ndarray  # (width,), of the first state
    c: np.ndarray  # (width,), of the first cell
    w: np.ndarray  # (4 width, inputs)
    u: np.ndarray  # (4 width, width)
    b: np.ndarray  # (4 width,)


def simple_recurrence(x: np.ndarray, h: np.ndarray, w: np.ndarray, u: np.ndarray, b: np.ndarray):
    """Return all states of the simple recurrent net, h_t = tanh(W x_t + U h_{t-1} + b).

    x: `(time, inputs)`; h: `(width,)`, the state before the first step; w: `(width, inputs)`;
    u: `(width, width)`; b: `(width,)`. Returns `(time, width)`.
    Raises: ValueError if the shapes do not fit.
    Source: Elman 1990, Finding structure in time.
    Equation: eq-simple-recurrence
    """
    _demand(x, h, w, u, b, blocks=1)
    states = []
    for row in x:
        h = np.tanh(w @ row + u @ h + b)
        states.append(h)
    return np.array(states).reshape(len(x), len(h))


def recurrence_jacobian(states: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Return the derivative of the last state with respect to the first one that is given.

    states: `(time, width)`, of the simple recurrent net; u: `(width, width)`. Returns `(width, width)`: the
    product of diag(1 - h_t^2) U over all steps after the first. Its norm shrinks or grows exponentially.
    Raises: ValueError if there is no state.
    Source: Pascanu, Mikolov & Bengio 2013 (arXiv 1211.5063), equation 5.
    Equation: eq-recurrence-jacobian
    """
    if len(states) == 0:
        raise ValueError("no state was given; expected at least one")
    product = np.eye(states.shape[1])
    for h in states[1:]:
        product = (1 - h**2)[:, None] * u @ product
    return product


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-x)), a number between 0 and 1, without overflow for large -x.

    Source: the logistic function.
    Equation: eq-sigmoid
    """
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(x, float)))


def lstm_step(x, h, c, w, u, b) -> tuple[np.ndarray, np.ndarray, Gates]:
    """Return the next state and cell of an LSTM, and its gates.

    x: `(inputs,)`; h, c: `(width,)`; w: `(4 width, inputs)`; u: `(4 width, width)`; b: `(4 width,)`, rows in
    the order input, forget, candidate, output, as in PyTorch and Keras.
    Raises: ValueError if the shapes do not fit.
    Source: Hochreiter & Schmidhuber 1997; with forget gate: Gers, Schmidhuber & Cummins 2000.
    Equation: eq-lstm-step
    """
    _demand(np.atleast_2d(x), h, w, u, b, blocks=4)
    i, f, g, o = np.split(w @ x + u @ h + b, 4)
    gates = Gates(sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o))
    c = gates.forget * c + gates.input * gates.candidate
    return gates.output * np.tanh(c), c, gates


def lstm(x, h, c, w, u, b, mask=None) -> tuple[np.ndarray, np.ndarray]:
    """Return all states and all cells of an LSTM; where the mask is 0 both are carried on unchanged.

    x: `(time, inputs)`; h, c: `(width,)`; weights as in `lstm_step`; mask: `(time,)`, 0 or 1, default ones.
    Returns two arrays `(time, width)`. The last row is then the state after the last true step.
    Raises: ValueError if the shapes do not fit.
    Source: Hochreiter & Schmidhuber 1997; the mask as in Keras' recurrent layers.
    Equation: eq-masked-state
    """
    _demand(x, h, w, u, b, blocks=4)
    mask = np.ones(len(x)) if mask is None else np.asarray(mask)
    states, cells = [], []
    for row, true in zip(x, mask, strict=True):
        if true:
            h, c, _ = lstm_step(row, h, c, w, u, b)
        states.append(h)
        cells.append(c)
    return np.array(states).reshape(len(x), len(h)), np.array(cells).reshape(len(x), len(h))


def forget_after(forget: np.ndarray) -> np.ndarray:
    """Return how much of a cell is left after each of the following steps: the product of the forget gates.

    forget: `(time, width)`, between 0 and 1. Returns `(time, width)`. It is the derivative of a cell with
    respect to an earlier one, as far as it runs through the cells alone.
    Source: Gers, Schmidhuber & Cummins 2000, Learning to forget.
    Equation: eq-forget-after
    """
    return np.cumprod(forget, axis=0)


def lstm_gradient(gradient, x, h, c, w, u, b) -> LSTMGradients:
    """Return the gradients of a loss by back-propagation through time.

    gradient: `(time, width)`, of the loss with respect to the states that `lstm` gives; the rest as there.
    Raises: ValueError if the shapes do not fit.
    Source: Werbos 1990, Backpropagation through time; the chain rule on equation eq-lstm-step.
    Equation: eq-lstm-gradient
    """
    _demand(x, h, w, u, b, blocks=4)
    if np.shape(gradient) != (len(x), len(h)):
        raise ValueError(f"gradient has shape {np.shape(gradient)}; expected {(len(x), len(h))}")
    before, steps = [(h, c)], []
    for row in x:
        h, c, gates = lstm_step(row, h, c, w, u, b)
        before.append((h, c))
        steps.append(gates)
    dw, du, db, dx = np.zeros_like(w), np.zeros_like(u), np.zeros_like(b), np.zeros(np.shape(x))
    dh, dc = np.zeros_like(h), np.zeros_like(c)
    for t in reversed(range(len(x))):
        (i, f, g, o), (h, c), shown = steps[t], before[t], np.tanh(before[t + 1][1])
        dh = dh + gradient[t]
        dc = dc + dh * o * (1 - shown**2)
        dz = np.concatenate(  # of the four sums before their nonlinearities
            [dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g**2), dh * shown * o * (1 - o)]
        )
        dw += np.outer(dz, x[t])
        du += np.outer(dz, h)
        db += dz
        dx[t], dh, dc = w.T @ dz, u.T @ dz, dc * f
    return LSTMGradients(dx, dh, dc, dw, du, db)


def clip_by_norm(gradient: np.ndarray, limit: float) -> np.ndarray:
    """Return the gradient, shortened to the given length if it is longer; its direction stays.

    Raises: ValueError if the limit is not positive.
    Source: Pascanu, Mikolov & Bengio 2013 (arXiv 1211.5063), algorithm 1.
    Equation: eq-clip-by-norm
    """
    if not limit > 0:
        raise ValueError(f"limit is {limit}; expected a positive number")
    norm = np.linalg.norm(gradient)
    return gradient * min(1.0, limit / norm) if norm > 0 else np.array(gradient, float)


def _demand(x, h, w, u, b, blocks: int) -> None:
    width, inputs = len(h), np.shape(x)[-1]
    expected = {"w": (blocks * width, inputs), "u": (blocks * width, width), "b": (blocks * width,)}
    for (name, shape), array in zip(expected.items(), (w, u, b), strict=True):
        if np.shape(array) != shape:
            raise ValueError(f"{name} has shape {np.shape(array)}; expected {shape}")
