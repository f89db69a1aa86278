"""How far off is the melody?"""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays, require


def pitch_cents(reference, hypothesis):
    """Return the root mean square difference of two melodies in cents, where both have a voice.

    reference, hypothesis: (frames,), Hz, 0 where there is no voice. 1200 cents are an octave. At least one
    frame has a voice in both.
    """
    both = (reference > 0) & (hypothesis > 0)
    return np.sqrt(np.mean((1200 * np.log2(hypothesis[both] / reference[both])) ** 2))


A = np.array([0.0, 100, 200, 150, 0])
B = np.array([0.0, 110, 210, 0, 120])


def _octave(candidate):
    equal_arrays(candidate(A[1:4], 2 * A[1:4]), 1200.0, what="the difference of an octave")
    equal_arrays(candidate(A[1:4], 2 ** (1 / 12) * A[1:4]), 100.0, what="the difference of a semitone")


def _down(candidate):
    contour = np.array([100.0, 100.0])
    other = contour * 2 ** np.array([1 / 12, -1 / 12])
    equal_arrays(candidate(contour, other), 100.0, what="the difference if one frame is above and one below")
    equal_arrays(
        candidate(contour, contour * np.array([1, 2])), np.sqrt(1200**2 / 2), what="one octave in two frames"
    )


def _voice(candidate):
    found = candidate(A, B)
    require(np.isfinite(found), "a frame without a voice became infinite or NaN")
    expected = np.sqrt(np.mean((1200 * np.log2(np.array([1.1, 1.05]))) ** 2))
    equal_arrays(found, expected, what="the difference where both have a voice")


def hertz(reference, hypothesis):
    """In Hz: a high voice has larger errors."""
    both = (reference > 0) & (hypothesis > 0)
    return np.sqrt(np.mean((hypothesis[both] - reference[both]) ** 2))


def mean_difference(reference, hypothesis):
    """Too high and too low cancel."""
    both = (reference > 0) & (hypothesis > 0)
    return abs(np.mean(1200 * np.log2(hypothesis[both] / reference[both])))


def absolute(reference, hypothesis):
    """The mean distance instead of the root of the mean square."""
    both = (reference > 0) & (hypothesis > 0)
    return np.mean(np.abs(1200 * np.log2(hypothesis[both] / reference[both])))


def everywhere(reference, hypothesis):
    """Where a voice is missing the logarithm is infinite."""
    with np.errstate(all="ignore"):
        return np.sqrt(np.mean((1200 * np.log2(hypothesis / reference)) ** 2))


def voiced_in_one(reference, hypothesis):
    """A missing voice counts as 1 Hz."""
    one = (reference > 0) | (hypothesis > 0)
    ratio = np.maximum(hypothesis[one], 1) / np.maximum(reference[one], 1)
    return np.sqrt(np.mean((1200 * np.log2(ratio)) ** 2))


EXERCISE = Exercise(
    title="Off by how many cents?",
    level=2,
    solution=pitch_cents,
    stages=(
        Stage(
            _octave, "An octave doubles the frequency and is 1200 cents: take 1200 times log2 of the ratio."
        ),
        Stage(_down, "Square before the mean, root after it: above and below must not cancel."),
        Stage(_voice, "Compare only frames in which both have a voice; the rest is the voicing error."),
    ),
    wrong=(
        Wrong(hertz, "log2 of the ratio"),
        Wrong(mean_difference, "must not cancel"),
        Wrong(absolute, "root after it"),
        Wrong(everywhere, "both have a voice"),
        Wrong(voiced_in_one, "both have a voice"),
    ),
)
