"""Every patch asks every patch."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays

RANDOM = np.random.default_rng(34)


def patches_ask(q, k, v):
    """Return what each item learns: softmax(q k^T / sqrt(d)) v, the softmax over the items that are asked.

    q, k: (items, d); v: (items, width). Returns (items, width).
    """
    scores = q @ np.transpose(k) / np.sqrt(np.shape(q)[1])
    powers = np.exp(scores - scores.max(1, keepdims=True))
    return powers @ v / powers.sum(1, keepdims=True)


def _indifferent(candidate):
    v = RANDOM.normal(size=(5, 3))
    found = candidate(np.zeros((5, 4)), RANDOM.normal(size=(5, 4)), v)
    equal_arrays(found, np.tile(v.mean(0), (5, 1)), what="the result if all questions are zero")


def _own(candidate):
    eye = 80 * np.eye(4)
    v = RANDOM.normal(size=(4, 2))
    equal_arrays(candidate(eye, eye, v), v, what="the result if each item asks for itself alone")


def _rows(candidate):
    q, k = RANDOM.normal(size=(6, 4)), RANDOM.normal(size=(6, 4))
    equal_arrays(
        np.sum(candidate(q, k, np.ones((6, 1))), axis=1), np.ones(6), what="the sums of each item's weights"
    )


def _numbers(candidate):
    for items, d, width in ((1, 3, 2), (2, 16, 2), (7, 1, 5), (9, 4, 4)):
        q, k, v = (RANDOM.normal(size=(items, n)) for n in (d, d, width))
        equal_arrays(candidate(q, k, v), patches_ask(q, k, v), what=f"{items} items with keys of {d}")


def over_those_who_ask(q, k, v):
    """The softmax over the wrong axis: columns sum to 1."""
    scores = q @ k.T / np.sqrt(q.shape[1])
    powers = np.exp(scores - scores.max(0))
    return powers / powers.sum(0) @ v


def unscaled(q, k, v):
    """Without the root of d."""
    return patches_ask(q * np.sqrt(q.shape[1]), k, v)


def over_items(q, k, v):
    """Divided by the root of the number of items."""
    return patches_ask(q * np.sqrt(q.shape[1] / len(q)), k, v)


def swapped(q, k, v):
    """Keys ask, queries answer."""
    return patches_ask(k, q, v)


def answers_nothing(q, k, v):
    """The weights are returned, the values forgotten."""
    return patches_ask(q, k, np.eye(len(q)))


EXERCISE = Exercise(
    title="Every patch asks every patch",
    level=2,
    solution=patches_ask,
    stages=(
        Stage(
            _indifferent,
            "Zero questions make all scores equal, so every item learns the mean of all values: is v in it?",
        ),
        Stage(_own, "A large inner product with one key takes all the weight: use q k^T, items by items."),
        Stage(_rows, "The weights of the item that asks sum to 1: softmax along each row, not each column."),
        Stage(_numbers, "Scores are q_i . k_j, item i asks, divided by the root of d, the width of a key."),
    ),
    wrong=(
        Wrong(over_those_who_ask, "along each row"),
        Wrong(unscaled, "the width of a key"),
        Wrong(over_items, "the width of a key"),
        Wrong(swapped, "item i asks"),
        Wrong(answers_nothing, "is v in it"),
    ),
)
