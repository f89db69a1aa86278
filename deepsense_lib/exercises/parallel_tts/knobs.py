"""Two knobs that must not touch each other's quantity."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays, require

PITCH, ENERGY = np.array([0.5, -1.0, 2.0]), np.array([1.0, 0.25, -0.5])


def knobs(pitch, energy, pitch_control, energy_control):
    """Return (pitch, energy), each multiplied by its own control.

    pitch, energy: (phonemes,), as predicted; the controls are numbers, 1 changes nothing.
    """
    return pitch * pitch_control, energy * energy_control


def _pair(candidate):
    found = candidate(PITCH, ENERGY, 1.0, 1.0)
    require(len(found) == 2, "the result is not a pair")
    equal_arrays(found[0], PITCH, what="the pitch with both knobs at 1")
    equal_arrays(found[1], ENERGY, what="the energy with both knobs at 1")


def _pitch_only(candidate):
    before, after = candidate(PITCH, ENERGY, 1.0, 1.0), candidate(PITCH, ENERGY, 1.5, 1.0)
    equal_arrays(after[1], before[1], what="the energy after turning the pitch knob")
    equal_arrays(after[0], 1.5 * PITCH, what="the pitch")


def _energy_only(candidate):
    before, after = candidate(PITCH, ENERGY, 1.0, 1.0), candidate(PITCH, ENERGY, 1.0, 0.5)
    equal_arrays(after[0], before[0], what="the pitch after turning the energy knob")
    equal_arrays(after[1], 0.5 * ENERGY, what="the energy")


def pasted(pitch, energy, pitch_control, energy_control):
    """The line was copied and one name was not changed."""
    return pitch * pitch_control, energy * pitch_control


def swapped(pitch, energy, pitch_control, energy_control):
    """The pair comes back in the wrong order."""
    return energy * energy_control, pitch * pitch_control


def ignored(pitch, energy, pitch_control, energy_control):
    """The energy knob does nothing."""
    return pitch * pitch_control, energy


EXERCISE = Exercise(
    title="Two knobs",
    level=3,
    task="""
    In a widely copied implementation of FastSpeech 2 the loudness changes when you turn the *pitch* knob:

    ```python
    pitch = pitch * pitch_control
    energy = energy * pitch_control
    ```

    Such a slip survives for years, because with both knobs at 1 nothing is wrong. Write it right. Then ask
    yourself what one test would have found it at once.
    """,
    solution=knobs,
    stages=(
        Stage(_pair, "Return the pair (pitch, energy), in this order, unchanged when both knobs are at 1."),
        Stage(
            _pitch_only,
            "Turn the pitch knob alone: the energy must not move. Read both lines letter by letter.",
        ),
        Stage(_energy_only, "Turn the energy knob alone: the energy must follow it, and the pitch must not."),
    ),
    wrong=(
        Wrong(swapped, "in this order"),
        Wrong(pasted, "the energy must not move"),
        Wrong(ignored, "the energy must follow it"),
    ),
    explanation="""
    The test: turn one knob, and require that everything else stays equal. It is one line for each pair of
    knob and quantity, and it needs no trained model.
    """,
)
