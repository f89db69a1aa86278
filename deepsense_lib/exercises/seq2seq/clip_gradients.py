"""Clip several gradients together."""

import math

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays

LARGE = [np.array([3.0, 0.0]), np.array([[0.0, 4.0]])]  # together of length 5
SMALL = [np.array([0.3, 0.0]), np.array([[0.0, 0.4]])]


def clip_gradients(gradients, limit):
    """Return the gradients, scaled by one factor so that together they are not longer than the limit.

    gradients: list of arrays of any shape; limit: a positive number. Returns a list of the same shapes.
    """
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
    return [g * min(1.0, limit / norm) if norm > 0 else g for g in gradients]


def _equal(found, expected, what):
    for number, (a, b) in enumerate(zip(found, expected, strict=True)):
        equal_arrays(a, b, what=f"{what}, array {number}")


def _short(candidate):
    _equal(candidate(SMALL, 1.0), SMALL, "gradients that are short enough")


def _long(candidate):
    _equal(candidate(LARGE, 1.0), [g / 5 for g in LARGE], "gradients of length 5, clipped to 1")
    _equal(candidate(SMALL, 0.25), [g / 2 for g in SMALL], "gradients of length 0.5, clipped to 0.25")


def _zero(candidate):
    nothing = [np.zeros(2), np.zeros((1, 2))]
    _equal(candidate(nothing, 1.0), nothing, "gradients of zeros")


def by_value(gradients, limit):
    """Each number is cut off: the direction changes."""
    return [np.clip(g, -limit, limit) for g in gradients]


def one_by_one(gradients, limit):
    """Each array is clipped alone: the direction changes."""
    return [g * min(1.0, limit / max(np.linalg.norm(g), 1e-12)) for g in gradients]


def always(gradients, limit):
    """Short gradients are made longer."""
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients))
    return [g * limit / max(norm, 1e-12) for g in gradients]


def unguarded(gradients, limit):
    """Divides by zero when there is nothing to clip."""
    norm = math.sqrt(sum(float(np.sum(g**2)) for g in gradients))
    return [g * min(1.0, limit / norm) for g in gradients]


EXERCISE = Exercise(
    title="Clip all gradients together",
    level=2,
    task="""
    A model has many weights, each with a gradient of its own. Clip them as one long vector: the direction of
    the step must stay, only its length may change.
    """,
    solution=clip_gradients,
    stages=(
        Stage(_short, "Gradients that are short enough stay as they are: the factor is at most 1."),
        Stage(_long, "One norm over all arrays, one factor for all: else the direction changes."),
        Stage(_zero, "A gradient of zeros has the norm 0: do not divide by it."),
    ),
    wrong=(
        Wrong(always, "the factor is at most 1"),
        Wrong(by_value, "else the direction changes"),
        Wrong(one_by_one, "else the direction changes"),
        Wrong(unguarded, "do not divide by it"),
    ),
)
