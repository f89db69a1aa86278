"""Agreement beyond chance."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def beyond_chance(first, second):
    """Return Cohen's kappa of two judges.

    first, second: (n,), the class that each judge gave to each picture, whole numbers. At least two classes
    were given.
    """
    agreed = np.mean(first == second)
    classes = np.union1d(first, second)
    by_chance = sum(np.mean(first == c) * np.mean(second == c) for c in classes)
    return (agreed - by_chance) / (1 - by_chance)


A = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 2])
B = np.array([0, 0, 0, 0, 1, 1, 1, 1, 0, 2])


def _same(candidate):
    equal_arrays(candidate(A, A), 1.0, what="the agreement of a judge with itself")


def _chance(candidate):
    first, second = np.repeat([0, 1], 50), np.tile([0, 1], 50)
    equal_arrays(1 + candidate(first, second), 1.0, what="1 + the agreement of two judges who toss coins")
    first, second = np.repeat([0, 1], [80, 20]), np.tile([0, 0, 0, 1], 25)
    equal_arrays(
        1 + candidate(first, second), 1.0, what="1 + the agreement if both like one class, by chance"
    )


def _value(candidate):
    chance = 0.6 * 0.5 + 0.3 * 0.4 + 0.1 * 0.1
    equal_arrays(candidate(A, B), (0.7 - chance) / (1 - chance), what="the agreement of A and B")
    equal_arrays(candidate(A[:2] * 0, np.array([0, 3])), 0.0, what="the agreement if one always says 0")


def raw(first, second):
    """Agreement without regard to chance."""
    return np.mean(first == second)


def equal_classes(first, second):
    """Chance as if every class were as frequent."""
    classes = len(np.union1d(first, second))
    return (np.mean(first == second) - 1 / classes) / (1 - 1 / classes)


def not_scaled(first, second):
    """What is left is not divided by what could be left."""
    classes = np.union1d(first, second)
    return np.mean(first == second) - sum(np.mean(first == c) * np.mean(second == c) for c in classes)


def pooled(first, second):
    """Chance from both judges' votes together: that is Scott's pi."""
    both = np.concatenate([first, second])
    chance = sum(np.mean(both == c) ** 2 for c in np.unique(both))
    return (np.mean(first == second) - chance) / (1 - chance)


EXERCISE = Exercise(
    title="Agreement beyond chance",
    level=2,
    solution=beyond_chance,
    stages=(
        Stage(_same, "Full agreement must give 1: divide by the most that chance leaves over."),
        Stage(_chance, "Subtract what chance gives: for each class the product of both judges' shares."),
        Stage(_value, "Each judge has shares of their own: multiply the first one's by the second one's."),
    ),
    wrong=(
        Wrong(raw, "Subtract what chance gives"),
        Wrong(equal_classes, "Subtract what chance gives"),
        Wrong(not_scaled, "chance leaves over"),
        Wrong(pooled, "both judges' shares"),
    ),
)
