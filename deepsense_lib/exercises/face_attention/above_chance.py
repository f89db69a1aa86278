"""Does it look there more than by chance?"""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def above_chance(attention, moved, share):
    """Return how many times more attention lies on the places that move most than chance would put there.

    attention: (rows, columns), not negative, sum 1; moved: (rows, columns), how far each place moves, no two
    alike; share: the part of all places that counts as moving most; share * places is a whole number.
    """
    attention, moved = np.ravel(attention), np.ravel(moved)
    count = round(share * len(moved))
    most = np.argsort(moved)[-count:]
    return attention[most].sum() / share


def _uniform(candidate):
    moved = np.random.default_rng(36).permutation(16.0 + np.arange(16)).reshape(4, 4)
    for share in (0.25, 0.5, 1.0):
        found = candidate(np.full((4, 4), 1 / 16), moved, share)
        equal_arrays(found, 1.0, what=f"the ratio of even attention for a share of {share}")


def _there(candidate):
    moved = np.arange(16.0).reshape(4, 4)
    equal_arrays(
        candidate((moved > 11) / 4, moved, 0.25),
        4.0,
        what="the ratio if all attention is on the four that move most",
    )
    equal_arrays(
        candidate((moved < 4) / 4, moved, 0.25),
        0.0,
        what="the ratio if all of it is on the four that move least",
    )


def _numbers(candidate):
    random = np.random.default_rng(37)
    for rows, columns, share in ((2, 5, 0.3), (8, 8, 0.25), (1, 4, 0.75)):
        attention = random.dirichlet(np.ones(rows * columns)).reshape(rows, columns)
        # Few places move far: cubes, so that a limit on the height is not a limit on the number.
        moved = random.permutation(np.arange(1.0, rows * columns + 1) ** 3).reshape(rows, columns)
        equal_arrays(
            candidate(attention, moved, share),
            above_chance(attention, moved, share),
            what=f"{rows} x {columns}, share {share}",
        )


def only_the_mass(attention, moved, share):
    """The share of attention, not compared with anything."""
    return above_chance(attention, moved, share) * share


def mean_inside(attention, moved, share):
    """The mean weight inside, which depends on the number of places."""
    return above_chance(attention, moved, share) / attention.size


def by_height(attention, moved, share):
    """Above a share of the largest movement instead of a share of the places."""
    inside = moved >= (1 - share) * moved.max()
    return attention[inside].sum() / inside.mean()


def least(attention, moved, share):
    """Sorted the wrong way round."""
    return above_chance(attention, -moved, share)


EXERCISE = Exercise(
    title="More than by chance?",
    level=2,
    task="A share of attention means nothing until you know what an even map would have put there.",
    solution=above_chance,
    stages=(
        Stage(_uniform, "Even attention is chance, and must give 1 for every share: divide by the share."),
        Stage(_there, "The places that move most are the last ones when you sort by movement."),
        Stage(_numbers, "Take exactly share * places of them, whatever the values of the movement are."),
    ),
    wrong=(
        Wrong(only_the_mass, "divide by the share"),
        Wrong(mean_inside, "divide by the share"),
        Wrong(by_height, "whatever the values"),
        Wrong(least, "sort by movement"),
    ),
)
