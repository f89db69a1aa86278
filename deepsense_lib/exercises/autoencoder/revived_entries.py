"""Wake entries that nobody chooses."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays, require

BOOK = np.array([[0.0, 0.0], [9.0, 9.0], [1.0, 1.0], [-9.0, 9.0]])
SHARES = np.array([0.6, 0.0, 0.4, 0.001])  # the limit of four entries is 0.0025
EDGE = np.array([0.5, 0.0025, 0.4975, 0.002])
SEEN = np.array([[0.1, 0.0], [1.2, 1.0], [0.3, 0.2], [0.9, 1.1], [0.0, -0.1]])


def revived(codebook, shares, seen, random):
    """Return a codebook in which every dead entry has become a random one of the vectors seen.

    codebook: (entries, width); shares: (entries,), the share of recent choices of each; seen:
    (vectors, width). An entry is dead if its share is below a hundredth of 1 / entries. `random` is a NumPy
    generator. The argument codebook stays as it is.
    """
    renewed = codebook.copy()
    dead = np.flatnonzero(shares < 0.01 / len(codebook))
    renewed[dead] = seen[random.integers(len(seen), size=len(dead))]
    return renewed


def _alive(candidate):
    found = np.asarray(candidate(BOOK, SHARES, SEEN, np.random.default_rng(0)))
    equal_arrays(found[[0, 2]], BOOK[[0, 2]], what="the entries that are in use")
    found = np.asarray(candidate(BOOK, EDGE, SEEN, np.random.default_rng(0)))
    equal_arrays(found[:3], BOOK[:3], what="the entries, of which one has exactly the share of the limit")


def _dead(candidate):
    found = np.asarray(candidate(BOOK, SHARES, SEEN, np.random.default_rng(0)))
    for entry in found[[1, 3]]:
        require(any(np.allclose(entry, v) for v in SEEN), f"the entry {entry} is none of the vectors seen")
    entry = np.asarray(candidate(BOOK, EDGE, SEEN, np.random.default_rng(0)))[3]
    require(any(np.allclose(entry, v) for v in SEEN), "the entry with a share of 0.002 of 0.0025 stayed")


def _apart(candidate):
    book, shares = np.zeros((30, 2)) + 50, np.r_[1.0, np.zeros(29)]
    seen = np.random.default_rng(1).normal(size=(200, 2))
    found = np.asarray(candidate(book, shares, seen, np.random.default_rng(2)))[1:]
    require(len(np.unique(found, axis=0)) > 20, "nearly all revived entries are equal")


def all_new(codebook, shares, seen, random):
    """Everything starts anew."""
    return seen[random.integers(len(seen), size=len(codebook))]


def only_zero(codebook, shares, seen, random):
    """Below a hundredth is taken for exactly 0."""
    renewed = codebook.copy()
    dead = shares == 0
    renewed[dead] = seen[random.integers(len(seen), size=dead.sum())]
    return renewed


def noise(codebook, shares, seen, random):
    """Random numbers: nothing is near them, so they die again."""
    renewed = codebook.copy()
    dead = shares < 0.01 / len(codebook)
    renewed[dead] = random.normal(size=(dead.sum(), codebook.shape[1]))
    return renewed


def twins(codebook, shares, seen, random):
    """One vector for all: of equal entries only the first is ever chosen."""
    renewed = codebook.copy()
    renewed[shares < 0.01 / len(codebook)] = seen[random.integers(len(seen))]
    return renewed


EXERCISE = Exercise(
    title="Wake the dead entries",
    level=3,
    solution=revived,
    stages=(
        Stage(_alive, "Entries that are in use must stay: the decoder has learned what they mean."),
        Stage(
            _dead, "Every entry below the limit, also if it was chosen once, becomes a vector that was seen."
        ),
        Stage(_apart, "Draw for each dead entry on its own: of equal entries only the first is ever chosen."),
    ),
    wrong=(
        Wrong(all_new, "must stay"),
        Wrong(only_zero, "also if it was chosen once"),
        Wrong(noise, "a vector that was seen"),
        Wrong(twins, "on its own"),
    ),
)
