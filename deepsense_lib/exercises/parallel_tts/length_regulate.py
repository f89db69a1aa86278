"""Repeat each phoneme's state for as many frames as it lasts."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays, require

STATES = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])


def length_regulate(states, durations):
    """Return the state of each frame.

    states: (phonemes, width); durations: whole numbers (phonemes,). Returns (frames, width).
    """
    return np.repeat(states, durations, axis=0)


def _shape(candidate):
    frames = candidate(STATES, np.array([2, 1, 3]))
    require(np.shape(frames) == (6, 2), f"the shape is {np.shape(frames)}, expected (6, 2)")


def _order(candidate):
    equal_arrays(candidate(STATES, np.array([2, 1, 3])), STATES[[0, 0, 1, 2, 2, 2]], what="the frames")


def _nothing(candidate):
    equal_arrays(candidate(STATES, np.array([2, 0, 1])), STATES[[0, 0, 2]], what="the frames")


def flattened(states, durations):
    """The axis is forgotten, so NumPy flattens the states first."""
    return np.repeat(states.ravel(), np.repeat(durations, states.shape[1]))


def alternating(states, durations):
    """The whole row of phonemes is repeated, not each phoneme."""
    return np.tile(states, (3, 1))[: durations.sum()]


def at_least_one(states, durations):
    """A phoneme of length 0 gets a frame of its own."""
    return np.repeat(states, np.maximum(durations, 1), axis=0)


EXERCISE = Exercise(
    title="Length regulation",
    level=1,
    task="""
    Three phonemes that last 2, 1 and 3 frames become six frames. Write the length regulator without
    building the expansion matrix.
    """,
    solution=length_regulate,
    stages=(
        Stage(_shape, "The result has a row for each frame, and each row keeps the width of a state."),
        Stage(_order, "All frames of a phoneme stand together: first, first, second, third, third, third."),
        Stage(_nothing, "A phoneme that lasts 0 frames leaves no frame behind."),
    ),
    wrong=(
        Wrong(flattened, "a row for each frame"),
        Wrong(alternating, "stand together"),
        Wrong(at_least_one, "leaves no frame"),
    ),
    explanation="`np.repeat` multiplies by the expansion matrix without ever building it.",
)
