"""An image as a row of squares."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def patches(image, side):
    """Cut an image into squares and lay the pixels of each in a row.

    image: (height, width), both divisible by side. Returns (squares, side * side): squares row by row from
    the top left, and inside a square its pixels row by row.
    """
    rows, columns = image.shape[0] // side, image.shape[1] // side
    tiles = image.reshape(rows, side, columns, side).transpose(0, 2, 1, 3)
    return tiles.reshape(rows * columns, side * side)


def _shape(candidate):
    found = np.asarray(candidate(np.arange(24.0).reshape(4, 6), 2))
    equal_arrays(found.shape, (6, 4), what="the shape for an image of 4 x 6 and squares of 2")


def _first(candidate):
    found = np.asarray(candidate(np.arange(16).reshape(4, 4), 2))
    equal_arrays(found[0], [0, 1, 4, 5], what="the pixels of the first square")


def _order(candidate):
    found = np.asarray(candidate(np.arange(24).reshape(4, 6), 2))
    equal_arrays(found[:, 0], [0, 2, 4, 12, 14, 16], what="the first pixels of the squares of a 4 x 6 image")


def _more(candidate):
    rng = np.random.default_rng(33)
    for height, width, side in ((2, 2, 1), (6, 6, 3), (8, 4, 4), (9, 15, 3), (5, 5, 5)):
        image = rng.normal(size=(height, width))
        equal_arrays(
            candidate(image, side), patches(image, side), what=f"{height} x {width}, squares of {side}"
        )


def only_reshaped(image, side):
    """Right shape, but each row holds a strip of the image."""
    return image.reshape(-1, side * side)


def column_by_column(image, side):
    """Squares from the top down first."""
    rows, columns = image.shape[0] // side, image.shape[1] // side
    return image.reshape(rows, side, columns, side).transpose(2, 0, 1, 3).reshape(-1, side * side)


def standing_pixels(image, side):
    """The pixels inside a square column by column."""
    rows, columns = image.shape[0] // side, image.shape[1] // side
    return image.reshape(rows, side, columns, side).transpose(0, 2, 3, 1).reshape(-1, side * side)


def not_flattened(image, side):
    """Squares stay squares."""
    return patches(image, side).reshape(-1, side, side)


EXERCISE = Exercise(
    title="Cut a face into patches",
    level=1,
    solution=patches,
    stages=(
        Stage(_shape, "One row for each square, one column for each pixel of a square."),
        Stage(
            _first,
            "A square takes neighbours from several rows of the image. A reshape alone cuts strips: reshape "
            "to (rows, side, columns, side), then swap the two middle axes.",
        ),
        Stage(_order, "Go through the squares as you read: left to right, then down."),
        Stage(_more, "Rows and columns of squares are counted apart: height // side and width // side."),
    ),
    wrong=(
        Wrong(only_reshaped, "cuts strips"),
        Wrong(column_by_column, "as you read"),
        Wrong(standing_pixels, "cuts strips"),
        Wrong(not_flattened, "one column for each pixel"),
    ),
)
