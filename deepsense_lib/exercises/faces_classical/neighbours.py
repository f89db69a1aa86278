"""The local binary pattern of every inner pixel."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays

AROUND = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))


def neighbours(x):
    """Give the local binary pattern of every pixel that has eight neighbours.

    x: (height, width) grey values. Returns whole numbers (height - 2, width - 2), 0 to 255. Bit 0 is the
    neighbour to the right, and the bits go on counter-clockwise. A neighbour as bright as the pixel counts 1.
    """
    height, width = x.shape
    codes = np.zeros((height - 2, width - 2), int)
    around = [(0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1)]
    for p, (down, right) in enumerate(around):
        neighbour = x[1 + down : height - 1 + down, 1 + right : width - 1 + right]
        codes += 2**p * (neighbour >= x[1:-1, 1:-1])
    return codes


def _expected(x):
    x = np.asarray(x).astype(int)
    return [
        [
            sum((x[i + a, j + b] >= x[i, j]) << p for p, (a, b) in enumerate(AROUND))
            for j in range(1, x.shape[1] - 1)
        ]
        for i in range(1, x.shape[0] - 1)
    ]


def _check(candidate, x):
    equal_arrays(candidate(x), _expected(x), what="the codes")


def _one_neighbour(candidate):
    for down, right in AROUND:
        x = np.zeros((3, 3), int)
        x[1, 1], x[1 + down, 1 + right] = 5, 9
        _check(candidate, x)


def _ties(candidate):
    _check(candidate, np.array([[6, 5, 2], [7, 6, 1], [9, 8, 7]]))
    _check(candidate, np.full((3, 3), 4))


def _pictures(candidate):
    for seed, shape in enumerate([(5, 5), (4, 9), (8, 3)]):
        _check(candidate, np.random.default_rng(seed).integers(0, 6, shape))


def _bytes(candidate):
    _check(candidate, np.random.default_rng(9).integers(0, 256, (6, 7)).astype(np.uint8))


def strictly_brighter(x):
    """Equal grey counts as darker."""
    height, width = x.shape
    codes = np.zeros((height - 2, width - 2), int)
    for p, (a, b) in enumerate(AROUND):
        codes += 2**p * (x[1 + a : height - 1 + a, 1 + b : width - 1 + b] > x[1:-1, 1:-1])
    return codes


def clockwise(x):
    """The circle is walked the other way around."""
    return neighbours(x[::-1])[::-1]


def from_the_corner(x):
    """The bits are read row by row from the upper left corner."""
    height, width = x.shape
    codes = np.zeros((height - 2, width - 2), int)
    for p, (a, b) in enumerate([(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if a or b]):
        codes += 2**p * (x[1 + a : height - 1 + a, 1 + b : width - 1 + b] >= x[1:-1, 1:-1])
    return codes


def square_only(x):
    """The height is used for both axes."""
    n = x.shape[0]
    return neighbours(x[:, :n]) if x.shape[1] >= n else neighbours(x)[: x.shape[1] - 2]


def by_difference(x):
    """A difference of bytes wraps around and is never negative."""
    height, width = x.shape
    codes = np.zeros((height - 2, width - 2), int)
    for p, (a, b) in enumerate(AROUND):
        codes += 2**p * (x[1 + a : height - 1 + a, 1 + b : width - 1 + b] - x[1:-1, 1:-1] >= 0)
    return codes


EXERCISE = Exercise(
    title="Who is brighter?",
    level=2,
    task="""
    Eight comparisons, eight bits. Pictures come as whole numbers, often as bytes (`uint8`).
    """,
    solution=neighbours,
    stages=(
        Stage(
            _one_neighbour,
            "Bit p belongs to the neighbour at 45 p degrees, counter-clockwise from the right; rows grow "
            "downwards, so above is row - 1.",
        ),
        Stage(_ties, "A neighbour that is exactly as bright counts as 1."),
        Stage(_pictures, "Every inner pixel has a code: take the height from axis 0, the width from axis 1."),
        Stage(_bytes, "Bytes wrap around when you subtract them: compare the two values themselves."),
    ),
    wrong=(
        Wrong(clockwise, "counter-clockwise from the right"),
        Wrong(from_the_corner, "counter-clockwise from the right"),
        Wrong(strictly_brighter, "exactly as bright"),
        Wrong(square_only, "the width from axis 1"),
        Wrong(by_difference, "Bytes wrap around"),
    ),
)
