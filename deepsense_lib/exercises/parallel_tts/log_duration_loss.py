"""The squared error of log durations over true phonemes."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays, require

LOGS = np.array([[1.0, 2.0, 0.5], [1.5, 9.0, 9.0]])
DURATIONS = np.array([[3, 6, 2], [4, 0, 0]])
MASK = np.array([[1, 1, 1], [1, 0, 0]])


def log_duration_loss(log_durations, durations, mask):
    """Return the mean squared error between predicted and true log durations over true phonemes.

    log_durations, durations (whole frames), mask (1 true, 0 padding): (batch, phonemes). A true phoneme of
    0 frames counts as 1. Returns one number.
    """
    target = np.log(np.maximum(durations, 1))
    return ((log_durations - target) ** 2)[mask > 0].mean()


def _perfect(candidate):
    loss = candidate(np.log(DURATIONS[:1]), DURATIONS[:1], MASK[:1])
    equal_arrays(loss, 0.0, what="the loss of a perfect prediction", atol=1e-9)


def _logarithm(candidate):
    ones = np.ones((1, 1))
    found = [float(candidate(np.log(2.0 * d * ones), (d * ones).astype(int), ones)) for d in (3, 30)]
    require(
        np.isclose(found[0], found[1]),
        f"twice too long costs {found[0]:.3f} for 3 frames, {found[1]:.3f} for 30",
    )
    equal_arrays(found[0], np.log(2) ** 2, what="the loss of 'twice too long'")


def _padding(candidate):
    equal_arrays(candidate(LOGS, DURATIONS, MASK), log_duration_loss(LOGS, DURATIONS, MASK), what="the loss")


def _zero(candidate):
    loss = candidate(np.zeros((1, 2)), np.array([[0, 1]]), np.ones((1, 2)))
    require(np.isfinite(loss), "the loss is not finite")
    equal_arrays(loss, 0.0, what="the loss", atol=1e-9)


def in_frames(log_durations, durations, mask):
    """The error is counted in frames, so long phonemes rule."""
    return ((np.exp(log_durations) - durations) ** 2)[mask > 0].mean()


def over_padding(log_durations, durations, mask):
    """Padding counts."""
    return ((log_durations - np.log(np.maximum(durations, 1))) ** 2).mean()


def log_of_zero(log_durations, durations, mask):
    """The logarithm of 0 is minus infinity."""
    with np.errstate(divide="ignore"):
        return ((log_durations - np.log(durations)) ** 2)[mask > 0].mean()


def log_plus_one(log_durations, durations, mask):
    """log(1 + d) for the target, but exp(.) without the -1 when speaking."""
    return ((log_durations - np.log1p(durations)) ** 2)[mask > 0].mean()


EXERCISE = Exercise(
    title="The duration loss",
    level=2,
    task="""
    A phoneme that comes out twice too long sounds equally wrong whether it should last 3 frames or 30. So
    durations are compared as logarithms.
    """,
    solution=log_duration_loss,
    stages=(
        Stage(
            _perfect, "A prediction equal to the logarithm of the truth costs nothing: which logarithm is it?"
        ),
        Stage(_logarithm, "Compare logarithms with logarithms, so that only the ratio counts."),
        Stage(_padding, "Padding is no phoneme: take the mean where the mask is 1."),
        Stage(_zero, "A true duration of 0 has no logarithm. Count it as 1 frame."),
    ),
    wrong=(
        Wrong(log_plus_one, "which logarithm"),
        Wrong(in_frames, "only the ratio counts"),
        Wrong(over_padding, "where the mask is 1"),
        Wrong(log_of_zero, "Count it as 1 frame"),
    ),
)
