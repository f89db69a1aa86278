"""One step of a reader who never goes back."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays

LAST, STOP = np.array([0.5, 0.3, 0.2, 0.0]), np.array([0.1, 0.6, 0.5, 0.9])


def walk_on(last, stop):
    """Return the chance that the reader stands at each symbol after one step.

    last: (symbols,), the chance to stand there before; stop: (symbols,), the chance to stop at a symbol that
    is reached. The reader first asks whether to stop where it stands, and if not walks on to the next.
    """
    weights, arrived = np.zeros(len(last)), 0.0
    for n in range(len(last)):
        arrived = arrived + last[n]
        weights[n] = stop[n] * arrived
        arrived = (1 - stop[n]) * arrived
    return weights


def _stay(candidate):
    equal_arrays(candidate(LAST, np.ones(4)), LAST, what="the chances if the reader always stops at once")


def _one(candidate):
    found = candidate(np.array([1.0, 0, 0, 0]), np.array([0.0, 1, 1, 1]))
    equal_arrays(
        found, [0, 1, 0, 0], what="the chances if it passes the first symbol and stops at the second"
    )


def _far(candidate):
    found = candidate(np.array([1.0, 0, 0, 0]), np.array([0.0, 0.5, 0.5, 1.0]))
    equal_arrays(found, [0, 0.5, 0.25, 0.25], what="the chances if it stops at half of the symbols")


def _all(candidate):
    equal_arrays(candidate(LAST, STOP), walk_on(LAST, STOP), what="the chances")


def product(last, stop):
    """Nobody walks: who does not stop vanishes."""
    return last * stop


def one_symbol_only(last, stop):
    """Who does not stop goes to the next symbol and stays there."""
    leaving = last * (1 - stop)
    return last * stop + np.concatenate([[0.0], leaving[:-1]])


def normalised(last, stop):
    """The wrong product, scaled so that it looks like weights."""
    return last * stop / max((last * stop).sum(), 1e-12)


def pushed_out(last, stop):
    """Who arrives takes the place of those who stood there."""
    weights, carried = np.zeros(len(last)), 0.0
    for n in range(len(last)):
        arrived = carried if carried > 0 else last[n]
        weights[n], carried = stop[n] * arrived, (1 - stop[n]) * arrived
    return weights


EXERCISE = Exercise(
    title="The reader walks on",
    level=3,
    solution=walk_on,
    stages=(
        Stage(_stay, "Who stops at once stays: with stop chances of 1 nothing changes."),
        Stage(_one, "Who does not stop is not lost. That share arrives at the next symbol."),
        Stage(_far, "At the next symbol the question is asked again, and again the rest walks on."),
        Stage(_all, "At symbol n arrive those who stood there and those who walked on from symbol n - 1."),
    ),
    wrong=(
        Wrong(product, "is not lost"),
        Wrong(normalised, "is not lost"),
        Wrong(one_symbol_only, "asked again"),
        Wrong(pushed_out, "those who stood there"),
    ),
)
