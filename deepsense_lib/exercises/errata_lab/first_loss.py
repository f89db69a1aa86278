"""What the first loss should be."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def first_loss(targets, classes=None):
    """Return the loss that a model which knows nothing should begin with.

    With `classes` given, targets are class numbers and the loss is cross-entropy in nats, all classes being
    equally likely to the model. Without it, targets are real numbers, the model answers 0 always, and the
    loss is the mean squared error.
    """
    if classes is not None:
        return float(np.log(classes))
    return float(np.mean(np.square(np.asarray(targets, float))))


def _seven(candidate):
    equal_arrays(candidate([0, 3, 3, 6], 7), np.log(7), what="the first loss of seven classes")


def _few(candidate):
    equal_arrays(candidate([2, 2, 2], 5), np.log(5), what="the first loss of five classes, one of them seen")


def _real(candidate):
    equal_arrays(candidate([1.0, -1.0, 3.0]), 11 / 3, what="the first loss for the targets 1, -1, 3")


def _shape(candidate):
    equal_arrays(candidate(np.full((4, 5), 2.0)), 4.0, what="the first loss for targets that are all 2")


def bits(targets, classes=None):
    """In bits."""
    return float(np.log2(classes)) if classes is not None else float(np.mean(np.square(targets)))


def of_the_data(targets, classes=None):
    """The entropy of the targets: what a model knows that has learned their frequencies."""
    if classes is None:
        return float(np.mean(np.square(targets)))
    share = np.bincount(targets, minlength=classes) / len(targets)
    return float(-(share[share > 0] * np.log(share[share > 0])).sum())


def classes_seen(targets, classes=None):
    """Counts the classes that occur."""
    if classes is None:
        return float(np.mean(np.square(targets)))
    return float(np.log(max(7, len(set(targets))) if classes == 7 else len(set(targets))))


def variance(targets, classes=None):
    """The variance: the loss of a model that answers the mean."""
    return float(np.log(classes)) if classes is not None else float(np.var(targets))


EXERCISE = Exercise(
    title="The first loss",
    level=1,
    solution=first_loss,
    stages=(
        Stage(_seven, "Who guesses among K classes gives each 1/K; the surprise is ln K, in nats."),
        Stage(
            _few,
            "The model does not know which classes occur: K is the number of classes, not of those seen.",
        ),
        Stage(_real, "The model answers 0, not the mean: square the targets themselves, and average."),
        Stage(_shape, "Targets of any shape: the mean runs over all of their numbers."),
    ),
    wrong=(
        Wrong(bits, "in nats"),
        Wrong(of_the_data, "in nats"),
        Wrong(classes_seen, "not of those seen"),
        Wrong(variance, "not the mean"),
    ),
)
