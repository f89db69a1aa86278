"""What several people say of one face, as shares."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def shares(votes, classes):
    """Turn votes into the share of each class.

    votes: class numbers from 0 to classes - 1, at least one; classes: how many there are. Returns (classes,).
    """
    counts = np.bincount(votes, minlength=classes)
    return counts / counts.sum()


def _by_hand(candidate):
    votes = [0, 2, 2, 1]
    equal_arrays(candidate(np.array(votes), 3), [0.25, 0.25, 0.5], what="the shares of 0, 2, 2, 1")


def _absent(candidate):
    equal_arrays(
        candidate(np.array([1, 1, 0]), 5), [1 / 3, 2 / 3, 0, 0, 0], what="the shares of five classes"
    )
    equal_arrays(candidate(np.array([3]), 7), np.eye(7)[3], what="the shares of one vote")


def _random(candidate):
    for seed, (people, classes) in enumerate([(10, 7), (23, 8), (4, 2)]):
        votes = np.random.default_rng(seed).integers(0, classes, people)
        expected = [(votes == k).mean() for k in range(classes)]
        equal_arrays(candidate(votes, classes), expected, what=f"the shares of {people} votes")


def counts_only(votes, classes):
    """The votes are counted, not divided."""
    return np.bincount(votes, minlength=classes)


def majority(votes, classes):
    """Only the winner is kept."""
    return np.eye(classes)[np.bincount(votes, minlength=classes).argmax()]


def divided_by_classes(votes, classes):
    """Divided by the number of classes."""
    return np.bincount(votes, minlength=classes) / classes


def seen_only(votes, classes):
    """Classes after the last one that was named are left out."""
    counts = np.bincount(votes)
    return counts / counts.sum()


EXERCISE = Exercise(
    title="Ask several people",
    level=1,
    task="""
    Four people look at one face. One says *neutral* (0), one *happiness* (1), two say *sadness* (2). A
    machine that may name only one word loses half of what they said. Keep all of it: turn votes into shares.
    """,
    solution=shares,
    stages=(
        Stage(
            _by_hand,
            "Count how often each class was named, and divide by the number of votes. Keep them all.",
        ),
        Stage(
            _absent, "A class that nobody names has the share 0. The answer has `classes` numbers, always."
        ),
        Stage(_random, "Each share is the number of votes for the class, over all votes."),
    ),
    wrong=(
        Wrong(counts_only, "divide by the number of votes"),
        Wrong(majority, "Keep them all"),
        Wrong(divided_by_classes, "divide by the number of votes"),
        Wrong(seen_only, "has the share 0"),
    ),
)
