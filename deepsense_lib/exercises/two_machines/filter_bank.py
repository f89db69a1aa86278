"""A row of filters over a sound."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def filter_bank(x, kernels):
    """Slide each kernel along the sound and add up the products; no padding, kernels not turned round.

    x: (samples,); kernels: (filters, size). Returns (filters, samples - size + 1).
    """
    windows = np.lib.stride_tricks.sliding_window_view(x, np.shape(kernels)[1])
    return kernels @ windows.T


def _loops(x, kernels):
    places = len(x) - kernels.shape[1] + 1
    return np.array([[np.dot(x[n : n + len(w)], w) for n in range(places)] for w in kernels])


def _by_hand(candidate):
    x, kernels = np.array([1.0, 2.0, 4.0, 3.0]), np.array([[1.0, 1.0]])
    equal_arrays(candidate(x, kernels), [[3, 6, 7]], what="the sums of neighbours")


def _order(candidate):
    x, kernels = np.array([1.0, 2.0, 4.0, 3.0]), np.array([[-1.0, 1.0]])
    equal_arrays(candidate(x, kernels), [[1, 2, -1]], what="the steps from sample to sample")


def _several(candidate):
    for seed, (samples, filters, size) in enumerate([(9, 3, 4), (20, 5, 5), (6, 2, 6), (8, 4, 1)]):
        rng = np.random.default_rng(seed)
        x, kernels = rng.normal(size=samples), rng.normal(size=(filters, size))
        equal_arrays(
            candidate(x, kernels), _loops(x, kernels), what=f"{filters} filters over {samples} samples"
        )


def turned(x, kernels):
    """`np.convolve` turns each kernel round."""
    return np.array([np.convolve(x, w, "valid") for w in kernels])


def padded(x, kernels):
    """Zeros are put around the sound, so the answer is too long."""
    return np.array([np.correlate(x, w, "same") for w in kernels])


def first_only(x, kernels):
    """Only the first filter answers."""
    return filter_bank(x, kernels)[:1]


def time_first(x, kernels):
    """Time goes down instead of to the right."""
    return filter_bank(x, kernels).T


EXERCISE = Exercise(
    title="A bank of filters",
    level=2,
    task="""
    The convolution of this chapter, for a sound: every kernel asks one question at every place. Write it
    with loops, or with `np.lib.stride_tricks.sliding_window_view`.
    """,
    solution=filter_bank,
    stages=(
        Stage(
            _by_hand,
            "One row for each filter, one number for each place where the whole kernel lies on the sound.",
        ),
        Stage(
            _order, "The first number of the kernel meets the earlier sample: do not turn the kernel round."
        ),
        Stage(_several, "Each filter has its own row, in the order of the kernels."),
    ),
    wrong=(
        Wrong(turned, "do not turn the kernel round"),
        Wrong(padded, "the whole kernel lies on the sound"),
        Wrong(first_only, "its own row"),
        Wrong(time_first, "One row for each filter"),
    ),
)
