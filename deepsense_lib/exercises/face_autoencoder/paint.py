"""Paint a row of pixels from a few numbers."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def paint(z, w, stride):
    """Transposed convolution along one axis, without padding.

    z: (places,), w: (kernel,). Returns ((places - 1) * stride + kernel,).
    """
    x = np.zeros((len(z) - 1) * stride + len(w))
    for i, value in enumerate(z):
        x[i * stride : i * stride + len(w)] += value * np.asarray(w)
    return x


def _matrix(z, w, stride):
    """The same by the transpose of the matrix of a convolution."""
    pixels = (len(z) - 1) * stride + len(w)
    matrix = np.zeros((len(z), pixels))
    for i in range(len(z)):
        matrix[i, i * stride : i * stride + len(w)] = w
    return matrix.T @ z


def _one(candidate):
    equal_arrays(candidate(np.array([2.0]), np.array([1.0, -1.0, 3.0]), 2), [2, -2, 6], what="one place")


def _far(candidate):
    z, w = np.array([1.0, 10.0]), np.array([1.0, 2.0])
    equal_arrays(candidate(z, w, 3), [1, 2, 0, 10, 20], what="two places, a stride of 3 and a kernel of 2")


def _overlap(candidate):
    z, w = np.array([1.0, 10.0]), np.array([1.0, 2.0, 3.0])
    equal_arrays(candidate(z, w, 2), [1, 2, 13, 20, 30], what="two places whose kernels overlap")


def _many(candidate):
    for seed, (places, kernel, stride) in enumerate([(4, 4, 2), (7, 3, 1), (5, 2, 2), (3, 5, 1), (6, 3, 4)]):
        rng = np.random.default_rng(seed)
        z, w = rng.normal(size=places), rng.normal(size=kernel)
        equal_arrays(candidate(z, w, stride), _matrix(z, w, stride), what="the painted row")


def overwritten(z, w, stride):
    """Later kernels paint over earlier ones instead of being added."""
    x = np.zeros((len(z) - 1) * stride + len(w))
    for i, value in enumerate(z):
        x[i * stride : i * stride + len(w)] = value * w
    return x


def turned(z, w, stride):
    """The kernel is painted from its end."""
    return paint(z, w[::-1], stride)


def no_stride(z, w, stride):
    """Each place moves on by one pixel, whatever the stride."""
    return np.convolve(z, w)


def repeated(z, w, stride):
    """Each number is repeated, and then smoothed: another layer, of another size."""
    return np.convolve(np.repeat(z, stride), w)


EXERCISE = Exercise(
    title="Paint with a kernel",
    level=2,
    task="""
    The transposed convolution for one axis and one channel. A loop over the places is welcome.
    """,
    solution=paint,
    stages=(
        Stage(_one, "One place paints its kernel, from the first tap to the last, times its value."),
        Stage(_far, "Place i begins at pixel i * stride. Between kernels that do not meet there are zeros."),
        Stage(_overlap, "Where two kernels meet, what they paint is added."),
        Stage(_many, "It must hold for every stride and every length of the kernel."),
    ),
    wrong=(
        Wrong(overwritten, "is added"),
        Wrong(turned, "from the first tap to the last"),
        Wrong(no_stride, "begins at pixel i * stride"),
        Wrong(repeated, "One place paints its kernel"),
    ),
)
