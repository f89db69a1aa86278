"""Move F0 by semitones."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays

F0 = np.array([0.0, 110.0, 220.0, 0.0, 180.0])


def semitones(f0, shift):
    """Return F0 in Hz, moved up by `shift` semitones; unvoiced frames (0) stay 0.

    f0: (frames,), Hz; shift: a number, 12 semitones are an octave. Returns (frames,), Hz.
    """
    return f0 * 2 ** (shift / 12)


def _nothing(candidate):
    equal_arrays(candidate(F0, 0), F0, what="F0 moved by 0 semitones")


def _octave(candidate):
    equal_arrays(candidate(F0, 12), 2 * F0, what="F0 moved by 12 semitones")


def _down(candidate):
    equal_arrays(candidate(candidate(F0, 5), -5), F0, what="F0 moved up by 5 and down by 5 semitones")


def _fifth(candidate):
    equal_arrays(candidate(F0, 7), F0 * 1.4983070768766815, what="F0 moved by 7 semitones")


def without_parentheses(f0, shift):
    """`2 ** shift / 12` is `(2 ** shift) / 12`."""
    return f0 * 2**shift / 12


def in_hertz(f0, shift):
    """A semitone is taken as a number of hertz."""
    return np.where(f0 > 0, f0 + shift, 0)


def straight_line(f0, shift):
    """Right at 0 and at an octave, wrong in between and below."""
    return f0 * (1 + shift / 12)


EXERCISE = Exercise(
    title="Semitones",
    level=1,
    task="Write the knob that makes a voice higher or lower. Twelve semitones double the frequency.",
    solution=semitones,
    stages=(
        Stage(_nothing, "A shift of 0 changes nothing: look at the order of power and division."),
        Stage(_octave, "Twelve semitones must double F0: pitch is multiplied, not added."),
        Stage(
            _down, "Up and down again must end where it began. A power does that, a straight line does not."
        ),
        Stage(_fifth, "Each semitone multiplies F0 by the twelfth root of 2."),
    ),
    wrong=(
        Wrong(without_parentheses, "order of power and division"),
        Wrong(in_hertz, "multiplied, not added"),
        Wrong(straight_line, "a straight line does not"),
    ),
)
