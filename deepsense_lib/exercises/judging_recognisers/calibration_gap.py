"""How far confidence and accuracy lie apart."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def calibration_gap(confidence, right, bins):
    """Return the expected calibration error.

    confidence: (n,), the largest probability of each picture; right: (n,), True where the answer was right;
    bins: number of bins of equal width from 0 to 1. A confidence on a border belongs to the bin below it.
    """
    place = np.ceil(confidence * bins)
    gap = 0.0
    for number in np.unique(place):
        inside = place == number
        gap += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    return gap


SURE = np.array([0.55, 0.65, 0.65, 0.95, 0.95, 0.95, 0.95])
RIGHT = np.array([True, False, True, True, True, True, False])


def _one(candidate):
    found = candidate(SURE[3:], RIGHT[3:], 10)
    equal_arrays(found, 0.2, what="the gap of four answers, sure to 0.95, three of them right")


def _several(candidate):
    expected = (1 * 0.45 + 2 * 0.15 + 4 * 0.2) / 7
    equal_arrays(candidate(SURE, RIGHT, 10), expected, what="the gap of seven answers in three bins")


def _few(candidate):
    expected = abs(SURE.mean() - RIGHT.mean())
    equal_arrays(candidate(SURE, RIGHT, 1), expected, what="the gap with one bin")
    expected = (3 * abs(SURE[:3].mean() - 2 / 3) + 4 * 0.2) / 7
    equal_arrays(candidate(SURE, RIGHT, 4), expected, what="the gap with four bins")


def _border(candidate):
    found = candidate(np.array([0.5, 0.6, 1.0, 1.0]), np.array([True, False, True, True]), 2)
    equal_arrays(found, (0.5 + 3 * abs(2.6 / 3 - 2 / 3)) / 4, what="the gap with answers on a border")


def each(confidence, right, bins):
    """Picture by picture: no single answer is calibrated."""
    return np.abs(confidence - right).mean()


def unweighted(confidence, right, bins):
    """Each bin counts the same."""
    place = np.ceil(confidence * bins)
    return np.mean([abs(confidence[place == b].mean() - right[place == b].mean()) for b in np.unique(place)])


def signed(confidence, right, bins):
    """Too sure here and not sure enough there cancel."""
    return abs((confidence - right).mean())


def floor_bins(confidence, right, bins):
    """The bin above a border: a confidence of 1 gets a bin of its own."""
    place = np.floor(confidence * bins)
    return sum(
        (place == b).mean() * abs(confidence[place == b].mean() - right[place == b].mean())
        for b in np.unique(place)
    )


EXERCISE = Exercise(
    title="As sure as it should be",
    level=2,
    solution=calibration_gap,
    stages=(
        Stage(_one, "Compare two means of a bin: how sure it was, and how often it was right."),
        Stage(_several, "Take the gap of each bin without its sign, and weigh it by the bin's share of all."),
        Stage(_few, "The number of bins decides which answers are compared together."),
        Stage(_border, "On a border the bin below counts: round up what you get from confidence times bins."),
    ),
    wrong=(
        Wrong(each, "two means of a bin"),
        Wrong(unweighted, "the bin's share of all"),
        Wrong(signed, "without its sign"),
        Wrong(floor_bins, "the bin below counts"),
    ),
)
