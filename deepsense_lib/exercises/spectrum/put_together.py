"""Weighted overlap-add: windowed frames become the signal again."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def put_together(frames, window, hop):
    """Return the signal whose frames, each multiplied by the window, are given (weighted overlap-add).

    frames: (count, size), each a piece of the signal times the window; window: (size,), nowhere 0.
    hop: samples from one frame to the next. Returns ((count - 1) * hop + size,).
    """
    count, size = frames.shape
    total, weight = np.zeros((2, (count - 1) * hop + size))
    for t in range(count):
        here = slice(t * hop, t * hop + size)
        total[here] += frames[t] * window
        weight[here] += window**2
    return total / weight


def _case(count, size, hop, seed, window=None):
    rng = np.random.default_rng(seed)
    window = rng.uniform(0.2, 2, size) if window is None else window
    x = rng.normal(size=(count - 1) * hop + size)
    pieces = np.array([x[t * hop : t * hop + size] for t in range(count)])
    return x, pieces * window, window


def _compare(candidate, cases):
    for count, size, hop, seed, window in cases:
        x, frames, window = _case(count, size, hop, seed, window)
        what = f"the signal of {count} frames of {size}, hop {hop}"
        equal_arrays(candidate(frames, window, hop), x, what=what)


def _box(candidate):
    _compare(candidate, [(3, 4, 4, 0, np.ones(4)), (3, 4, 2, 1, np.ones(4))])


def _any_window(candidate):
    _compare(candidate, [(4, 6, 2, 2, None), (5, 9, 4, 3, None), (1, 5, 2, 4, None)])


def _noise(candidate):
    """Frames that no signal has: the division by squares gives the nearest signal, another rule does not."""
    rng = np.random.default_rng(5)
    for count, size, hop in [(4, 6, 2), (5, 8, 3)]:
        frames, window = rng.normal(size=(count, size)), rng.uniform(0.2, 2, size)
        matrix = np.zeros((count * size, (count - 1) * hop + size))
        for t in range(count):
            matrix[np.arange(size) + t * size, np.arange(size) + t * hop] = window
        nearest = np.linalg.lstsq(matrix, frames.ravel(), rcond=None)[0]
        equal_arrays(candidate(frames, window, hop), nearest, what="the signal nearest to random frames")


def not_divided(frames, window, hop):
    """The overlaps are louder."""
    count, size = frames.shape
    total = np.zeros((count - 1) * hop + size)
    for t in range(count):
        total[t * hop : t * hop + size] += frames[t] * window
    return total


def windows_not_squares(frames, window, hop):
    """Multiplied twice by the window, divided once."""
    count, size = frames.shape
    total, weight = np.zeros((2, (count - 1) * hop + size))
    for t in range(count):
        total[t * hop : t * hop + size] += frames[t] * window
        weight[t * hop : t * hop + size] += window
    return total / weight


def overwritten(frames, window, hop):
    """`=` for `+=`: later frames erase earlier ones."""
    count, size = frames.shape
    total, weight = np.zeros((2, (count - 1) * hop + size))
    for t in range(count):
        total[t * hop : t * hop + size] = frames[t] * window
        weight[t * hop : t * hop + size] += window**2
    return total / weight


def window_only_below(frames, window, hop):
    """Plain overlap-add over the sum of windows: right for true frames, not the nearest for others."""
    count, size = frames.shape
    total, weight = np.zeros((2, (count - 1) * hop + size))
    for t in range(count):
        total[t * hop : t * hop + size] += frames[t]
        weight[t * hop : t * hop + size] += window
    return total / weight


EXERCISE = Exercise(
    title="Put the pieces together",
    level=2,
    task="""
    The second half of the inverse STFT. Each frame was multiplied by the window when it was cut. Multiply it
    by the window once more, add the frames where they overlap, and divide by what the windows did in all.
    """,
    solution=put_together,
    stages=(
        Stage(
            _box, "Where frames overlap their values are added (`+=`), so divide by the number of overlaps."
        ),
        Stage(
            _any_window, "Each sample was multiplied by the window twice: divide by the sum of its squares."
        ),
        Stage(
            _noise,
            "Frames that no signal has must give the nearest signal: weight each frame by the window before "
            "you add.",
        ),
    ),
    wrong=(
        Wrong(not_divided, "divide by the number of overlaps"),
        Wrong(overwritten, "(`+=`)"),
        Wrong(windows_not_squares, "sum of its squares"),
        Wrong(window_only_below, "nearest signal"),
    ),
)
