"""The fewest edits between two pronunciations."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def fewest_edits(reference, guess):
    """Return the fewest phonemes to insert, delete or replace that turn one list into the other."""
    row = list(range(len(guess) + 1))
    for i, expected in enumerate(reference, start=1):
        before, row = row, [i]
        for j, found in enumerate(guess, start=1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (expected != found)))
    return row[-1]


CAT = ["K", "AE1", "T"]


def _same(candidate):
    equal_arrays(candidate(CAT, CAT), 0, what="the edits from a word to itself")
    equal_arrays(candidate(CAT, ["K", "AH0", "T"]), 1, what="the edits from K AE1 T to K AH0 T")


def _empty(candidate):
    equal_arrays(candidate(CAT, []), 3, what="the edits from K AE1 T to nothing")
    equal_arrays(candidate([], CAT), 3, what="the edits from nothing to K AE1 T")
    equal_arrays(candidate([], []), 0, what="the edits from nothing to nothing")


def _shifted(candidate):
    equal_arrays(candidate(CAT, ["S", *CAT]), 1, what="the edits from K AE1 T to S K AE1 T")
    equal_arrays(
        candidate(["F", "OW1", "N", "IY2", "M"], ["P", "HH", "OW1", "N", "IY2", "M"]),
        2,
        what="the edits from F OW1 N IY2 M to P HH OW1 N IY2 M",
    )
    equal_arrays(candidate(["A", "B"], ["B", "A"]), 2, what="the edits from A B to B A")


def _random(candidate):
    rng = np.random.default_rng(0)
    for _ in range(40):
        a, b = (["ABC"[n] for n in rng.integers(0, 3, size)] for size in rng.integers(0, 7, 2))
        equal_arrays(candidate(a, b), fewest_edits(a, b), what=f"the edits from {a} to {b}")


def place_by_place(reference, guess):
    """Compares place by place."""
    return sum(a != b for a, b in zip(reference, guess, strict=False)) + abs(len(reference) - len(guess))


def without_edge(reference, guess):
    """The first row is 0: what the guess begins with costs nothing."""
    row = [0] * (len(guess) + 1)
    for i, expected in enumerate(reference, start=1):
        before, row = row, [i]
        for j, found in enumerate(guess, start=1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (expected != found)))
    return row[-1]


def two_for_a_replacement(reference, guess):
    """A replacement costs as much as deleting and inserting."""
    row = list(range(len(guess) + 1))
    for i, expected in enumerate(reference, start=1):
        before, row = row, [i]
        for j, found in enumerate(guess, start=1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + 2 * (expected != found)))
    return row[-1]


def as_sets(reference, guess):
    """Compares which phonemes occur."""
    return max(len(set(reference) - set(guess)), len(set(guess) - set(reference)))


EXERCISE = Exercise(
    title="The fewest edits",
    level=2,
    solution=fewest_edits,
    stages=(
        Stage(_same, "Equal phonemes cost nothing; one that is replaced costs one."),
        Stage(_empty, "The first row and the first column count up: from nothing, each phoneme is inserted."),
        Stage(
            _shifted,
            "One phoneme more at the start moves all others by one place. Take the cheapest of three: "
            "delete, insert, or go diagonally. Order counts.",
        ),
        Stage(_random, "Look at the smallest of the three neighbours in each cell of the table."),
    ),
    wrong=(
        Wrong(place_by_place, "moves all others"),
        Wrong(without_edge, "count up"),
        Wrong(two_for_a_replacement, "replaced costs one"),
        Wrong(as_sets, "Order counts"),
    ),
)
