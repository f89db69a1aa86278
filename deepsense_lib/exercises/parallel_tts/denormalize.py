"""From the network's numbers back to log-mels."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays, require

MEAN, DEVIATION = np.array([-4.0, -6.0]), np.array([2.0, 0.5])
LOG_MEL = np.array([[-3.0, -6.5], [-8.0, -5.0], [-4.0, -6.0]])


def denormalize(mel, mean, deviation):
    """Undo `(log_mel - mean) / deviation`.

    mel: (frames, mels), normalised; mean, deviation: (mels,). Returns (frames, mels), log-mels.
    """
    return mel * deviation + mean


def _zero(candidate):
    found = candidate(np.zeros((3, 2)), MEAN, DEVIATION)
    equal_arrays(found, np.tile(MEAN, (3, 1)), what="the log-mel of zeros")


def _inverse(candidate):
    normalised = (LOG_MEL - MEAN) / DEVIATION
    equal_arrays(candidate(normalised, MEAN, DEVIATION), LOG_MEL, what="the log-mel")


def _bands(candidate):
    change = candidate(np.ones((1, 2)), MEAN, DEVIATION) - candidate(np.zeros((1, 2)), MEAN, DEVIATION)
    require(np.allclose(change, DEVIATION), "the bands do not have their own deviations")


def wrong_order(mel, mean, deviation):
    """The mean is added before the scaling."""
    return (mel + mean) * deviation


def only_the_mean(mel, mean, deviation):
    """The scaling is forgotten."""
    return mel + mean


def divided_again(mel, mean, deviation):
    """The scaling is applied a second time instead of being undone."""
    return mel / deviation + mean


EXERCISE = Exercise(
    title="Back to log-mels",
    level=1,
    task="""
    The network works on numbers with mean 0 and deviation 1 in each band. A vocoder wants log-mels. Nearly
    every metallic voice in a forum thread is a mistake in this line.
    """,
    solution=denormalize,
    stages=(
        Stage(_zero, "A normalised 0 is the mean of its band: undo the last operation first."),
        Stage(_inverse, "Normalising divides by the deviation, so going back must multiply by it."),
        Stage(_bands, "Each band has its own mean and deviation; let NumPy broadcast over the frames."),
    ),
    wrong=(
        Wrong(wrong_order, "undo the last operation first"),
        Wrong(only_the_mean, "must multiply by it"),
        Wrong(divided_again, "must multiply by it"),
    ),
)
