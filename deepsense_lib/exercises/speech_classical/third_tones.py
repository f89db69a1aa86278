"""Third tones in a row."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def third_tones(tones):
    """Return the tones as they are spoken: a third tone right before a third tone is said as a second.

    tones: list of numbers 1 to 5, as they are written. Which tone changes is decided on the written tones.
    Returns a list of the same length.
    """
    after = [*tones[1:], 0]
    return [2 if (now, then) == (3, 3) else now for now, then in zip(tones, after, strict=True)]


def _pair(candidate):
    equal_arrays(candidate([3, 3]), [2, 3], what="ni3 hao3")
    equal_arrays(candidate([1, 3, 3, 4]), [1, 2, 3, 4], what="a pair in the middle")


def _others(candidate):
    for tones in ([3], [3, 1], [1, 3], [3, 5, 3], [4, 4], [2, 2, 1]):
        equal_arrays(candidate(list(tones)), tones, what=f"{tones}, where nothing changes")


def _row(candidate):
    equal_arrays(candidate([3, 3, 3]), [2, 2, 3], what="three third tones")
    random = np.random.default_rng(5)
    for _ in range(20):
        tones = random.choice([1, 2, 3, 3, 3, 4, 5], size=9).tolist()
        equal_arrays(candidate(list(tones)), third_tones(tones), what=f"the tones {tones}")


def both_change(tones):
    """All third tones with a third neighbour change, the last one too."""
    padded = [0, *tones, 0]
    return [2 if t == 3 and 3 in (padded[n], padded[n + 2]) else t for n, t in enumerate(tones)]


def every_third(tones):
    """All third tones but the last change, neighbours or not."""
    return [2 if t == 3 and 3 in tones[n + 1 :] else t for n, t in enumerate(tones)]


def from_the_end(tones):
    """Goes from the end and looks at what it has changed already."""
    found = list(tones)
    for n in range(len(found) - 2, -1, -1):
        if found[n] == found[n + 1] == 3:
            found[n] = 2
    return found


EXERCISE = Exercise(
    title="Third tones in a row",
    level=2,
    solution=third_tones,
    stages=(
        Stage(_pair, "Only the first of two third tones changes, to 2; the last of a row stays 3."),
        Stage(_others, "A third tone changes only if the very next tone is a third one."),
        Stage(
            _row, "Look at the written tones: one that has changed still counts as third for its neighbour."
        ),
    ),
    wrong=(
        Wrong(both_change, "first of two"),
        Wrong(every_third, "very next"),
        Wrong(from_the_end, "written tones"),
    ),
)
