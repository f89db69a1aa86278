"""A gradient for a step that has none."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays

Z = np.array([[1.0, 0.0], [3.0, 1.0], [2.0, 0.0]])
ENTRIES = np.array([[2.0, 0.0], [1.0, 2.0]])
CHOSEN = np.array([0, 0, 0])
SLOPE = np.array([[0.5, 0.0], [0.0, 1.0], [0.25, 0.25]])


def gradients(z, codebook, chosen, from_decoder, commitment):
    """Return the gradients for the vectors z and for the codebook.

    z: (vectors, width); chosen: (vectors,), the number of the entry that took the place of each;
    from_decoder: (vectors, width), the gradient at those entries. The loss adds the squared distances of
    entries to z (z held fixed, summed) and `commitment` times the same (entries held fixed, summed).
    """
    apart = z - codebook[chosen]
    for_entries = np.zeros_like(codebook)
    np.add.at(for_entries, chosen, -2 * apart)
    return from_decoder + 2 * commitment * apart, for_entries


def _straight(candidate):
    equal_arrays(
        candidate(Z, ENTRIES, CHOSEN, SLOPE, 0.0)[0], SLOPE, what="the gradient of z without commitment"
    )


def _pull(candidate):
    found = candidate(Z, ENTRIES, CHOSEN, np.zeros_like(Z), 0.5)[0]
    equal_arrays(found, Z - ENTRIES[CHOSEN], what="the gradient of the commitment")


def _sum(candidate):
    found = candidate(Z, ENTRIES, CHOSEN, SLOPE, 0.5)[1]
    equal_arrays(found[0], [0.0, -2.0], atol=1e-9, what="the gradient of the entry that three vectors chose")


def _unused(candidate):
    found = candidate(Z, ENTRIES, CHOSEN, SLOPE, 0.5)[1]
    equal_arrays(found[1], [0.0, 0.0], atol=1e-9, what="the gradient of the entry that none chose")


def honest(z, codebook, chosen, from_decoder, commitment):
    """The true derivative of rounding is 0."""
    apart = z - codebook[chosen]
    return 2 * commitment * apart, gradients(z, codebook, chosen, from_decoder, commitment)[1]


def pushed_away(z, codebook, chosen, from_decoder, commitment):
    """The sign of the commitment is turned: z flees from its entry."""
    apart = z - codebook[chosen]
    return from_decoder - 2 * commitment * apart, gradients(z, codebook, chosen, from_decoder, commitment)[1]


def last_one(z, codebook, chosen, from_decoder, commitment):
    """An assignment keeps the last of three vectors."""
    apart = z - codebook[chosen]
    for_entries = np.zeros_like(codebook)
    for_entries[chosen] -= 2 * apart
    return from_decoder + 2 * commitment * apart, for_entries


def all_pulled(z, codebook, chosen, from_decoder, commitment):
    """Every entry is pulled, chosen or not."""
    first = gradients(z, codebook, chosen, from_decoder, commitment)[0]
    return first, np.tile(-2 * (z - codebook[chosen]).sum(0), (len(codebook), 1))


EXERCISE = Exercise(
    title="Straight through",
    level=3,
    solution=gradients,
    stages=(
        Stage(_straight, "What comes from the decoder passes unchanged, as if nothing had been rounded."),
        Stage(_pull, "The commitment pulls z towards its entry: the gradient points from the entry to z."),
        Stage(
            _sum,
            "Several vectors may choose one entry. `a[i] += b` counts only one of them; see `np.add.at`.",
        ),
        Stage(_unused, "An entry that nobody chose gets no gradient."),
    ),
    wrong=(
        Wrong(honest, "passes unchanged"),
        Wrong(pushed_away, "from the entry to z"),
        Wrong(last_one, "np.add.at"),
        Wrong(all_pulled, "gets no gradient"),
    ),
)
