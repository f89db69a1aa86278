"""When has the model finished?"""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def end_of_speech(places, symbols, rest):
    """Return how many steps were said when the focus had rested on the last symbol, or 0 if it never did.

    places: (steps,), the focus of each step; symbols: how many the text has; rest: how many steps in a row
    the focus must be on the last symbol.
    """
    resting = 0
    for step, place in enumerate(places):
        resting = resting + 1 if place == symbols - 1 else 0
        if resting == rest:
            return step + 1
    return 0


def _plain(candidate):
    found = candidate(np.array([0, 1, 2, 3, 3, 3, 3, 3]), 4, 3)
    equal_arrays(found, 6, what="the steps for the places 0, 1, 2, 3, 3, 3, 3, 3 and a rest of 3")
    equal_arrays(
        candidate(np.array([3, 3, 3]), 4, 2), 2, what="the steps for the places 3, 3, 3 and a rest of 2"
    )


def _broken(candidate):
    found = candidate(np.array([0, 3, 3, 2, 3, 3, 3]), 4, 3)
    equal_arrays(found, 7, what="the steps for the places 0, 3, 3, 2, 3, 3, 3 and a rest of 3")


def _elsewhere(candidate):
    found = candidate(np.array([0, 1, 1, 1, 1, 2, 3, 3]), 4, 2)
    equal_arrays(found, 8, what="the steps if it rests on symbol 1 before the end")


def _never(candidate):
    found = candidate(np.array([0, 1, 2, 3, 3]), 4, 3)
    equal_arrays(found, 0, what="the answer if it never rests for 3 steps")
    equal_arrays(candidate(np.array([3]), 4, 2), 0, what="the steps for the place 3 alone and a rest of 2")


def first_arrival(places, symbols, rest):
    """Ends at the first step on the last symbol."""
    hits = np.flatnonzero(places == symbols - 1)
    return 0 if not len(hits) else int(hits[0]) + 1


def in_all(places, symbols, rest):
    """Counts the steps on the last symbol, without a reset."""
    hits = np.flatnonzero(places == symbols - 1)
    return 0 if len(hits) < rest else int(hits[rest - 1]) + 1


def anywhere(places, symbols, rest):
    """A rest on any symbol."""
    resting = 0
    for step in range(len(places)):
        resting = resting + 1 if step and places[step] == places[step - 1] else 1
        if resting == rest:
            return step + 1
    return 0


def fuse(places, symbols, rest):
    """The length where it never rested."""
    found = end_of_speech(places, symbols, rest)
    return len(places) if found == 0 else found


EXERCISE = Exercise(
    title="Has it finished?",
    level=2,
    solution=end_of_speech,
    stages=(
        Stage(_plain, "Count the steps on the last symbol, and stop when the count is `rest`."),
        Stage(_broken, "In a row: when the focus leaves the last symbol, the count begins anew."),
        Stage(_elsewhere, "Only the last symbol counts. A long pause in the middle is no end."),
        Stage(_never, "Return 0 where the focus never rested long enough: then the fuse must act."),
    ),
    wrong=(
        Wrong(first_arrival, "when the count is `rest`"),
        Wrong(in_all, "the count begins anew"),
        Wrong(anywhere, "Only the last symbol counts"),
        Wrong(fuse, "then the fuse must act"),
    ),
)
