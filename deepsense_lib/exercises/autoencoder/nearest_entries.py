"""Round vectors to a list."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays

ENTRIES = np.array([[0.0, 1.0], [1.0, 0.0], [5.0, 5.0]])
VECTORS = np.array([[0.9, 0.2], [0.1, 0.7], [4.0, 4.0], [1.0, 1.1]])


def rounded(z, codebook):
    """Return every vector's nearest entry of the codebook, and the number of that entry.

    z: (vectors, width); codebook: (entries, width). Returns (vectors, width) and whole numbers (vectors,).
    """
    distance = ((z[:, None] - codebook[None]) ** 2).sum(-1)
    chosen = distance.argmin(1)
    return codebook[chosen], chosen


def _count(candidate):
    equal_arrays(np.shape(candidate(VECTORS, ENTRIES)[1]), (4,), what="the shape of the numbers")


def _long(candidate):
    equal_arrays(candidate(VECTORS, ENTRIES)[1], [1, 0, 2, 0], what="the numbers of the entries")


def _values(candidate):
    equal_arrays(candidate(VECTORS, ENTRIES)[0], ENTRIES[[1, 0, 2, 0]], what="the entries")


def farthest(z, codebook):
    """The largest distance."""
    chosen = ((z[:, None] - codebook[None]) ** 2).sum(-1).argmax(1)
    return codebook[chosen], chosen


def longest(z, codebook):
    """The largest inner product: a long entry wins everywhere."""
    chosen = (z @ codebook.T).argmax(1)
    return codebook[chosen], chosen


def other_axis(z, codebook):
    """For every entry the nearest vector."""
    chosen = ((z[:, None] - codebook[None]) ** 2).sum(-1).argmin(0)
    return codebook[chosen % len(codebook)], chosen


def kept(z, codebook):
    """The numbers are right, but the vectors are not rounded."""
    return z, rounded(z, codebook)[1]


EXERCISE = Exercise(
    title="The nearest entry",
    level=2,
    solution=rounded,
    stages=(
        Stage(_count, "One number for each vector: look for the least distance along the entries."),
        Stage(
            _long, "Near means a small distance. An inner product also grows with the length of the entry."
        ),
        Stage(_values, "Give back the entries that were chosen, not the vectors that chose them."),
    ),
    wrong=(
        Wrong(farthest, "a small distance"),
        Wrong(longest, "the length of the entry"),
        Wrong(other_axis, "along the entries"),
        Wrong(kept, "not the vectors"),
    ),
)
