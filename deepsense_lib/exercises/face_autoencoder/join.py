"""Put patches together again."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def join(patches, height, width):
    """Put square patches together to one picture.

    patches: (rows * columns, side * side), cut row by row, each flattened row by row.
    Returns (height, width).
    """
    patches = np.asarray(patches)
    side = round(patches.shape[1] ** 0.5)
    tiles = patches.reshape(height // side, width // side, side, side)
    return tiles.swapaxes(1, 2).reshape(height, width)


def _cut(picture, side):
    rows, columns = picture.shape[0] // side, picture.shape[1] // side
    return np.stack(
        [
            picture[i * side : (i + 1) * side, j * side : (j + 1) * side].ravel()
            for i in range(rows)
            for j in range(columns)
        ]
    )


def _compare(candidate, height, width, side):
    picture = np.arange(height * width, dtype=float).reshape(height, width)
    equal_arrays(candidate(_cut(picture, side), height, width), picture, what="the picture")


def _single(candidate):
    _compare(candidate, 3, 3, 3)


def _square(candidate):
    _compare(candidate, 4, 4, 2)
    _compare(candidate, 9, 9, 3)


def _oblong(candidate):
    for height, width, side in [(4, 8, 2), (9, 3, 3), (6, 4, 1), (8, 24, 8)]:
        _compare(candidate, height, width, side)


def only_reshaped(patches, height, width):
    """The numbers in the order in which they come: a patch becomes a line, not a square."""
    return np.asarray(patches).reshape(height, width)


def columns_first(patches, height, width):
    """The patches are laid column by column."""
    side = round(patches.shape[1] ** 0.5)
    tiles = patches.reshape(width // side, height // side, side, side)
    return tiles.transpose(1, 2, 0, 3).reshape(height, width)


def turned_inside(patches, height, width):
    """Each patch is transposed."""
    side = round(patches.shape[1] ** 0.5)
    tiles = patches.reshape(-1, side, side).swapaxes(1, 2)
    return join(tiles.reshape(len(patches), -1), height, width)


def square_only(patches, height, width):
    """As many rows as columns, always."""
    side = round(patches.shape[1] ** 0.5)
    n = round(len(patches) ** 0.5)
    picture = np.zeros((height, width))
    for k, patch in enumerate(patches[: n * n]):
        i, j = divmod(k, n)
        block = picture[i * side : (i + 1) * side, j * side : (j + 1) * side]
        block[...] = patch.reshape(side, side)[: block.shape[0], : block.shape[1]]
    return picture


EXERCISE = Exercise(
    title="Put the patches together",
    level=2,
    solution=join,
    stages=(
        Stage(_single, "A single patch is the picture itself, row by row."),
        Stage(
            _square, "Patches lie side by side: the first row of the picture goes through several of them."
        ),
        Stage(_oblong, "Height and width may differ: count rows and columns of patches from each by itself."),
    ),
    wrong=(
        Wrong(only_reshaped, "Patches lie side by side"),
        Wrong(columns_first, "Patches lie side by side"),
        Wrong(turned_inside, "A single patch is the picture itself"),
        Wrong(square_only, "Height and width may differ"),
    ),
)
