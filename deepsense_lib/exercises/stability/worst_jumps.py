"""How far does the focus jump?"""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def worst_jumps(alignment):
    """Return the largest move back and the largest move ahead of the focus, two numbers of 0 or more.

    alignment: (steps, symbols), at least two steps. The focus of a step is the symbol with most weight.
    """
    moves = np.diff(alignment.argmax(1))
    return max(0, -moves.min()), max(0, moves.max())


def _ahead(candidate):
    equal_arrays(candidate(np.eye(6)[[0, 0, 1, 4, 5]]), (0, 3), what="the jumps of the places 0, 0, 1, 4, 5")


def _back(candidate):
    equal_arrays(candidate(np.eye(6)[[0, 1, 2, 3, 1]]), (2, 1), what="the jumps of the places 0, 1, 2, 3, 1")


def _neither(candidate):
    equal_arrays(candidate(np.eye(6)[[3, 3, 3]]), (0, 0), what="the jumps of an eye that stays")
    equal_arrays(candidate(np.eye(6)[[0, 1, 3]]), (0, 2), what="the jumps of the places 0, 1, 3")
    equal_arrays(candidate(np.eye(6)[[5, 4, 2]]), (2, 0), what="the jumps of the places 5, 4, 2")


def swapped(alignment):
    """Ahead before back."""
    return worst_jumps(alignment)[::-1]


def whole_way(alignment):
    """The way from the first place, not from step to step."""
    places = alignment.argmax(1) - alignment[0].argmax()
    return max(0, -places.min()), max(0, places.max())


def signed(alignment):
    """A move back as a negative number."""
    moves = np.diff(alignment.argmax(1))
    return min(0, moves.min()), max(0, moves.max())


def not_cut(alignment):
    """Without the zero: an eye that only goes back jumps ahead by a negative number."""
    moves = np.diff(alignment.argmax(1))
    return abs(moves.min()), moves.max()


EXERCISE = Exercise(
    title="The largest jumps",
    level=1,
    solution=worst_jumps,
    stages=(
        Stage(_ahead, "Compare each place with the one before it. First the move back, then the move ahead."),
        Stage(_back, "A move back is a negative difference; return how far it goes, as a positive number."),
        Stage(_neither, "Where there is no move in a direction, its number is 0."),
    ),
    wrong=(
        Wrong(swapped, "First the move back"),
        Wrong(whole_way, "the one before it"),
        Wrong(signed, "as a positive number"),
        Wrong(not_cut, "its number is 0"),
    ),
)
