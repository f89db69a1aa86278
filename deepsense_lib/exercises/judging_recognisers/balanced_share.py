"""Every class counts the same."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def balanced_share(matrix):
    """Return the mean over the classes of the share of each true class that was found.

    matrix: (classes, classes) counts, rows are the truth, columns what was said. A class that never occurs is
    left out of the mean.
    """
    rows = matrix.sum(axis=1)
    seen = rows > 0
    return (np.diag(matrix)[seen] / rows[seen]).mean()


def _rare(candidate):
    found = candidate(np.array([[90, 10], [5, 5]]))
    equal_arrays(found, 0.7, what="the balanced accuracy of [[90, 10], [5, 5]]")


def _three(candidate):
    found = candidate(np.array([[8, 1, 1], [2, 2, 0], [0, 3, 3]]))
    equal_arrays(found, (0.8 + 0.5 + 0.5) / 3, what="the balanced accuracy of three classes")
    found = candidate(np.array([[0, 1], [1, 3]]))
    equal_arrays(found, 0.375, what="the balanced accuracy if class 0 occurs once")


def _absent(candidate):
    found = candidate(np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]]))
    equal_arrays(found, (0.75 + 1) / 2, what="the balanced accuracy if class 2 never occurs")
    found = candidate(np.array([[3, 0, 1], [0, 4, 0], [0, 0, 0]]))
    equal_arrays(found, (0.75 + 1) / 2, what="the balanced accuracy if class 2 is only said")


def plain(matrix):
    """The share of all pictures: the frequent class decides."""
    return np.trace(matrix) / matrix.sum()


def by_columns(matrix):
    """The precision: of what was said."""
    return (np.diag(matrix) / np.maximum(matrix.sum(axis=0), 1)).mean()


def absent_as_zero(matrix):
    """A class that never occurs counts as never found."""
    return (np.diag(matrix) / np.maximum(matrix.sum(axis=1), 1)).mean()


EXERCISE = Exercise(
    title="Every class counts the same",
    level=1,
    solution=balanced_share,
    stages=(
        Stage(_rare, "Divide each count on the diagonal by its row, and only then take the mean."),
        Stage(_three, "Rows are the truth: divide by the sums of the rows, not of the columns."),
        Stage(_absent, "Nothing is known of a class that never occurs: leave its row out."),
    ),
    wrong=(
        Wrong(plain, "only then take the mean"),
        Wrong(by_columns, "only then take the mean"),
        Wrong(absent_as_zero, "leave its row out"),
    ),
)
