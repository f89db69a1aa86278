"""Energy counted in the spectrum."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def parseval(spectrum):
    """Return the energy of a signal, the sum of its squared samples, from its DFT alone.

    spectrum: (N,), complex, all N bins. Returns a number.
    """
    return np.sum(np.abs(spectrum) ** 2) / len(spectrum)


def _check(candidate, signals):
    for x in signals:
        equal_arrays(candidate(np.fft.fft(x)), np.sum(np.abs(x) ** 2), what=f"the energy of {len(x)} samples")


def _impulse(candidate):
    """Every |X_k| is 1 here, so a missing square cannot show, and a missing 1/N must."""
    _check(candidate, [np.eye(n)[0] for n in (1, 4, 7)])


def _constant(candidate):
    _check(candidate, [np.full(n, 2.0) for n in (3, 8)])


def _random(candidate):
    rng = np.random.default_rng(2)
    _check(candidate, [rng.normal(size=n) for n in (2, 5, 16, 31)])


def not_divided(spectrum):
    """1 / N is forgotten."""
    return np.sum(np.abs(spectrum) ** 2)


def not_squared(spectrum):
    """Magnitudes are added instead of their squares."""
    return np.sum(np.abs(spectrum)) / len(spectrum)


def squared_without_magnitude(spectrum):
    """The square of a complex number is not the square of its length."""
    return np.real(np.sum(spectrum**2)) / len(spectrum)


EXERCISE = Exercise(
    title="Energy in the spectrum",
    level=1,
    task="The energy of a sound can be counted in its samples or in its spectrum. Count it in the spectrum.",
    solution=parseval,
    stages=(
        Stage(
            _impulse,
            "An impulse [1, 0, 0, 0] has energy 1, and all its bins have length 1: divide by their number.",
        ),
        Stage(_constant, "Energy is a sum of squares: twice the sound has four times the energy."),
        Stage(_random, "A bin is complex: take its length with `np.abs` before you square."),
    ),
    wrong=(
        Wrong(not_divided, "divide by their number"),
        Wrong(not_squared, "sum of squares"),
        Wrong(squared_without_magnitude, "take its length"),
    ),
)
