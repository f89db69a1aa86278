"""Where a tube that is closed at one end resounds."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def tube(length, count, speed=350.0):
    """Return the lowest resonances, Hz, of a tube that is closed at one end.

    length: metres; count: how many; speed: of sound, m/s. Returns (count,).
    """
    return (2 * np.arange(1, count + 1) - 1) * speed / (4 * length)


def _first(candidate):
    equal_arrays(candidate(0.175, 1), [500.0], what="the lowest resonance of 17.5 cm")


def _more(candidate):
    equal_arrays(candidate(0.14, 4), [625.0, 1875.0, 3125.0, 4375.0], what="four resonances of 14 cm")
    equal_arrays(candidate(0.5, 2, 340.0), [170.0, 510.0], what="another speed of sound")


def open_both_ends(length, count, speed=350.0):
    """A tube that is open at both ends: half a wave fits."""
    return np.arange(1, count + 1) * speed / (2 * length)


def every_multiple(length, count, speed=350.0):
    """All multiples of the lowest."""
    return np.arange(1, count + 1) * speed / (4 * length)


EXERCISE = Exercise(
    title="A tube",
    level=1,
    solution=tube,
    stages=(
        Stage(_first, "A quarter of a wave fits into the tube, so the lowest wave is four tubes long."),
        Stage(_more, "Only odd multiples have a still end and a moving end. Use the given speed."),
    ),
    wrong=(Wrong(open_both_ends, "quarter of a wave"), Wrong(every_multiple, "odd multiples")),
)
