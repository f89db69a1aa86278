"""Count the pixels on the way back."""

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def transposed_size(places, kernel, stride, padding):
    """Return how many pixels an axis has after a transposed convolution.

    places: how many numbers come in; padding: how many pixels are cut from each end.
    """
    return (places - 1) * stride + kernel - 2 * padding


def _counted(places, kernel, stride, padding):
    painted = {i * stride + u for i in range(places) for u in range(kernel)}
    return max(painted) + 1 - 2 * padding


def _check(candidate, *cases):
    for case in cases:
        found = candidate(*case)
        what = "the size with places {}, kernel {}, stride {}, padding {}".format(*case)
        equal_arrays(found, _counted(*case), what=what)


def _one(candidate):
    _check(candidate, (1, 4, 2, 0), (1, 3, 5, 0), (1, 7, 1, 0))


def _steps(candidate):
    _check(candidate, (2, 3, 2, 0), (4, 4, 2, 0), (5, 2, 3, 0), (6, 3, 1, 0))


def _cut(candidate):
    _check(candidate, (4, 4, 2, 1), (32, 4, 2, 1), (6, 5, 1, 2), (3, 6, 4, 2))


def doubled(places, kernel, stride, padding):
    """Takes the size for a multiple of the stride: true for kernel 4, stride 2, padding 1 alone."""
    return places * stride


def forward(places, kernel, stride, padding):
    """The size of the convolution itself."""
    return (places + 2 * padding - kernel) // stride + 1


def added(places, kernel, stride, padding):
    """Padding is added, as on the way in."""
    return (places - 1) * stride + kernel + 2 * padding


def all_steps(places, kernel, stride, padding):
    """One step too many: the first place takes none."""
    return places * stride + kernel - 2 * padding


EXERCISE = Exercise(
    title="Count the pixels on the way back",
    level=1,
    task="""
    Every place paints a kernel, and the next place paints `stride` pixels further on. Where does the last
    one end?
    """,
    solution=transposed_size,
    stages=(
        Stage(_one, "One place paints one kernel, so it makes as many pixels as the kernel has."),
        Stage(_steps, "The first place needs no step. Each further one moves the end by the stride."),
        Stage(_cut, "On the way back padding is cut off, from both ends: 2 * padding pixels less."),
    ),
    wrong=(
        Wrong(doubled, "One place paints one kernel"),
        Wrong(forward, "One place paints one kernel"),
        Wrong(added, "padding is cut off"),
        Wrong(all_steps, "One place paints one kernel"),
    ),
)
