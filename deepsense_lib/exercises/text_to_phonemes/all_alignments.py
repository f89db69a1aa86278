"""Add up all ways in which letters can stand for phonemes."""

import itertools

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def all_alignments(silent, sounds):
    """Return the sum of the weights of all alignments of I letters with J phonemes.

    silent: (I,), the weight of letter i when it says nothing; sounds: (I, J), its weight when it says
    phoneme j. Each letter says no phoneme or one, all phonemes are said, in order. An alignment weighs the
    product of its letters' weights.
    """
    ways = np.zeros(sounds.shape[1] + 1)  # ways[j]: the first j phonemes are said by the letters so far
    ways[0] = 1
    for i in range(len(silent)):
        said = ways[:-1] * sounds[i]
        ways = ways * silent[i]
        ways[1:] += said
    return ways[-1]


def _brute(silent, sounds):
    total = 0.0
    letters, phones = sounds.shape
    for chosen in itertools.combinations(range(letters), phones):
        weight = 1.0
        for i in range(letters):
            weight *= sounds[i, chosen.index(i)] if i in chosen else silent[i]
        total += weight
    return total


def _one(candidate):
    equal_arrays(candidate(np.array([1.0]), np.array([[0.25]])), 0.25, what="one letter with one phoneme")
    equal_arrays(
        candidate(np.array([1.0, 1.0]), np.array([[0.2], [0.4]])), 0.6, what="two letters with one phoneme"
    )


def _order(candidate):
    equal_arrays(
        candidate(np.array([0.5, 0.5]), np.array([[0.2, 0.9], [0.7, 0.4]])),
        0.08,
        what="two letters with two phonemes",
    )


def _many(candidate):
    rng = np.random.default_rng(0)
    for letters, phones in ((3, 2), (5, 2), (6, 4), (4, 4), (3, 0)):
        silent, sounds = rng.random(letters), rng.random((letters, phones))
        equal_arrays(
            candidate(silent, sounds),
            _brute(silent, sounds),
            what=f"{letters} letters with {phones} phonemes",
        )


def _impossible(candidate):
    equal_arrays(candidate(np.full(2, 0.5), np.full((2, 3), 0.5)), 0, what="two letters with three phonemes")


def the_best_alone(silent, sounds):
    """Takes the best alignment instead of adding them up."""
    ways = np.zeros(sounds.shape[1] + 1)
    ways[0] = 1
    for i in range(len(silent)):
        said = ways[:-1] * sounds[i]
        ways = ways * silent[i]
        ways[1:] = np.maximum(ways[1:], said)
    return ways[-1]


def in_place(silent, sounds):
    """Overwrites from the left: one letter says two phonemes."""
    ways = np.zeros(sounds.shape[1] + 1)
    ways[0] = 1
    for i in range(len(silent)):
        for j in range(len(ways)):
            ways[j] = ways[j] * silent[i] + (ways[j - 1] * sounds[i, j - 1] if j else 0)
    return ways[-1]


def any_number(silent, sounds):
    """All entries of the table: not all phonemes need be said."""
    ways = np.zeros(sounds.shape[1] + 1)
    ways[0] = 1
    for i in range(len(silent)):
        said = ways[:-1] * sounds[i]
        ways = ways * silent[i]
        ways[1:] += said
    return ways.sum()


EXERCISE = Exercise(
    title="All alignments at once",
    level=3,
    task="""
    A word of ten letters and seven phonemes has 120 alignments, if each letter says one phoneme or none. Do
    not list them: keep a table with the weight of all ways in which the letters so far say the first j
    phonemes.
    """,
    solution=all_alignments,
    stages=(
        Stage(
            _one,
            "All phonemes are said. With two letters and one phoneme there are two ways, "
            "0.2 times 1 and 1 times 0.4: add them.",
        ),
        Stage(_order, "Each letter says one phoneme at most, in order: here only the first says the first."),
        Stage(_many, "Update the table for one letter from the old table, never from what was just changed."),
        Stage(_impossible, "There is no way, and a sum of no ways is 0."),
    ),
    wrong=(
        Wrong(the_best_alone, "add them"),
        Wrong(in_place, "one phoneme at most"),
        Wrong(any_number, "All phonemes are said"),
    ),
)
