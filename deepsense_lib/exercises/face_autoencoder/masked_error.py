"""What counts when patches are hidden."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def masked_error(predicted, patches, masked):
    """Mean squared error over the pixels of hidden patches.

    predicted, patches: (patches, pixels); masked: (patches,), True where a patch was hidden.
    """
    masked = np.asarray(masked, bool)
    return np.mean((np.asarray(predicted)[masked] - np.asarray(patches)[masked]) ** 2)


def _expected(predicted, patches, masked):
    errors = [(p - t) ** 2 for p, t, m in zip(predicted, patches, masked, strict=True) if m]
    return np.sum(errors) / np.size(errors)


def _hand(candidate):
    predicted, patches = np.zeros((2, 2)), np.array([[3.0, 1.0], [9.0, 9.0]])
    equal_arrays(candidate(predicted, patches, np.array([True, False])), 5.0, what="the error by hand")


def _few(candidate):
    rng = np.random.default_rng(0)
    for hidden in (1, 3, 7):
        predicted, patches = rng.normal(size=(2, 8, 4))
        masked = np.zeros(8, bool)
        masked[rng.permutation(8)[:hidden]] = True
        equal_arrays(
            candidate(predicted, patches, masked), _expected(predicted, patches, masked), what="the error"
        )


def _visible(candidate):
    rng = np.random.default_rng(1)
    predicted, patches = rng.normal(size=(2, 6, 5))
    masked = np.array([True, False, False, True, True, False])
    expected = _expected(predicted, patches, masked)
    predicted[1:3] = 1e6
    equal_arrays(candidate(predicted, patches, masked), expected, what="the error with wild visible patches")


def everywhere(predicted, patches, masked):
    """All patches count: most of the error is what the net was shown."""
    return np.mean((predicted - patches) ** 2)


def diluted(predicted, patches, masked):
    """The sum over hidden patches, divided by the number of all pixels."""
    return np.mean((predicted - patches) ** 2 * masked[:, None])


def per_patch(predicted, patches, masked):
    """The sum over the pixels of a patch instead of their mean."""
    return np.mean(((predicted - patches)[masked] ** 2).sum(1))


def visible_only(predicted, patches, masked):
    """The mask is read the wrong way round."""
    return np.mean((predicted - patches)[~masked] ** 2)


EXERCISE = Exercise(
    title="What counts when patches are hidden",
    level=1,
    solution=masked_error,
    stages=(
        Stage(
            _hand,
            "Only hidden patches count, and the mean is taken over their pixels: (9 + 1) / 2 here.",
        ),
        Stage(_few, "Divide by the number of hidden pixels, however many patches are hidden."),
        Stage(_visible, "What is said of visible patches must not count, however wild."),
    ),
    wrong=(
        Wrong(everywhere, "Only hidden patches count"),
        Wrong(diluted, "Only hidden patches count"),
        Wrong(per_patch, "Only hidden patches count"),
        Wrong(visible_only, "Only hidden patches count"),
    ),
)
