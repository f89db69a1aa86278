"""One step of an LSTM."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays, require

RANDOM = np.random.default_rng(5)
X, H, C = RANDOM.normal(size=3), RANDOM.normal(size=2) * 0.5, RANDOM.normal(size=2)
W, U, B = RANDOM.normal(size=(8, 3)), RANDOM.normal(size=(8, 2)), RANDOM.normal(size=8)


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm_step(x, h, c, w, u, b):
    """Return (h, c) after one step of an LSTM; the rows of w, u, b are in the order i, f, g, o.

    x: (inputs,); h, c: (width,); w: (4 width, inputs); u: (4 width, width); b: (4 width,).
    """
    i, f, g, o = np.split(w @ x + u @ h + b, 4)
    i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
    c = f * c + i * np.tanh(g)
    return o * np.tanh(c), c


def _shape(candidate):
    found = candidate(X, H, C, W, U, B)
    require(
        isinstance(found, tuple | list) and len(found) == 2, "expected two arrays, h and c, in this order"
    )
    for name, array in zip(("h", "c"), found, strict=True):
        equal_arrays(np.shape(array), (2,), what=f"the shape of {name}")


def _remember(candidate):
    closed = np.repeat([-40.0, 40.0, 0.0, 0.0], 2)
    _, c = candidate(X, H, C, 0 * W, 0 * U, closed)
    equal_arrays(c, C, what="the cell with the input gate shut and the forget gate open")


def _write(candidate):
    opened = np.repeat([40.0, -40.0, 0.7, 0.0], 2)
    _, c = candidate(X, H, C, 0 * W, 0 * U, opened)
    equal_arrays(
        c, np.full(2, np.tanh(0.7)), what="the cell with the input gate open and the forget gate shut"
    )


def _all(candidate):
    h, c = candidate(X, H, C, W, U, B)
    expected = lstm_step(X, H, C, W, U, B)
    equal_arrays(c, expected[1], what="the cell")
    equal_arrays(h, expected[0], what="the state")


def swapped(x, h, c, w, u, b):
    """Input and forget gate change places."""
    f, i, g, o = np.split(w @ x + u @ h + b, 4)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c), c


def squashed_candidate(x, h, c, w, u, b):
    """The candidate goes through a sigmoid too, so that nothing negative can be written."""
    i, f, g, o = np.split(w @ x + u @ h + b, 4)
    c = _sigmoid(f) * c + _sigmoid(i) * _sigmoid(g)
    return _sigmoid(o) * np.tanh(c), c


def cell_shown_raw(x, h, c, w, u, b):
    """The cell is shown without its tanh."""
    i, f, g, o = np.split(w @ x + u @ h + b, 4)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * c, c


def only_h(x, h, c, w, u, b):
    """The cell is not given back, the slip of the article's listing."""
    return lstm_step(x, h, c, w, u, b)[0]


EXERCISE = Exercise(
    title="One step of an LSTM",
    level=2,
    solution=lstm_step,
    stages=(
        Stage(_shape, "A step gives the state and the cell: without the cell the memory is lost."),
        Stage(
            _remember, "Gates are sigmoids of the sums; the forget gate, second in the rows, keeps the cell."
        ),
        Stage(_write, "The candidate, third in the rows, is a tanh: it may be negative."),
        Stage(_all, "What is shown is the output gate times the tanh of the new cell."),
    ),
    wrong=(
        Wrong(only_h, "without the cell the memory is lost"),
        Wrong(swapped, "second in the rows"),
        Wrong(squashed_candidate, "it may be negative"),
        Wrong(cell_shown_raw, "the tanh of the new cell"),
    ),
)
