"""How many places a kernel finds along one axis."""

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, require

PLAIN = [(5, 3), (28, 5), (7, 7), (6, 1)]
PADDED = [(5, 3, 1, 1), (5, 3, 1, 2), (1, 3, 1, 1), (10, 5, 1, 2)]
STRIDED = [(7, 3, 2, 0), (8, 3, 2, 0), (8, 3, 2, 1), (64, 2, 2, 0), (10, 4, 3, 1), (11, 4, 4, 0)]


def output_size(size, kernel, stride=1, padding=0):
    """Count the outputs of a convolution along one axis.

    size, kernel, stride, padding: whole numbers; `padding` zeros are added on each of the two sides.
    Returns a whole number.
    """
    return (size + 2 * padding - kernel) // stride + 1


def _count(size, kernel, stride=1, padding=0):
    """Count by trying every start, the slow and certain way."""
    length = size + 2 * padding
    return sum(start + kernel <= length for start in range(0, length, stride))


def _compare(candidate, cases):
    for case in cases:
        found, expected = candidate(*case), _count(*case)
        require(
            found == expected, f"size, kernel, stride, padding = {case} gave {found}, expected {expected}"
        )
        require(
            float(found) == int(found) and not isinstance(found, float), f"{found!r} is not a whole number"
        )


def without_the_first_place(size, kernel, stride=1, padding=0):
    """The fence-post error: steps are counted instead of places."""
    return (size + 2 * padding - kernel) // stride


def padded_once(size, kernel, stride=1, padding=0):
    """The zeros of one side only."""
    return (size + padding - kernel) // stride + 1


def rounded_up(size, kernel, stride=1, padding=0):
    """A last place that hangs over the edge is counted too."""
    return -(-(size + 2 * padding - kernel) // stride) + 1


def true_division(size, kernel, stride=1, padding=0):
    """A fraction of a place."""
    return (size + 2 * padding - kernel) / stride + 1


EXERCISE = Exercise(
    title="Count the places",
    level=1,
    task="""
    Before you build a network, you must know how large each layer's output is. Slide a kernel of 3 along an
    axis of 5 on paper, then find the formula that also knows about padding and stride.
    """,
    solution=output_size,
    stages=(
        Stage(
            lambda c: _compare(c, PLAIN),
            "A kernel as long as the axis fits once, not zero times: count the start too.",
        ),
        Stage(
            lambda c: _compare(c, PADDED),
            "The padding is added on both sides, so the axis grows by twice as much.",
        ),
        Stage(
            lambda c: _compare(c, STRIDED),
            "With a stride only whole steps count: a kernel that would hang over the edge has no place.",
        ),
    ),
    wrong=(
        Wrong(without_the_first_place, "count the start too"),
        Wrong(padded_once, "added on both sides"),
        Wrong(rounded_up, "would hang over the edge"),
        Wrong(true_division, "not a whole number"),
    ),
)
