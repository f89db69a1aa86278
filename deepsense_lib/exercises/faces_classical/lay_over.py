"""One shape laid over another."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def lay_over(source, target):
    """Move, turn and scale a shape so that it lies nearest to another (least squares); never mirror it.

    source, target: (points, 2), column and row of the same landmarks. Returns the moved source, (points, 2).
    """
    p, q = source[:, 0] + 1j * source[:, 1], target[:, 0] + 1j * target[:, 1]
    p = p - p.mean()  # then the mean of q adds nothing to the product
    moved = np.vdot(p, q) / np.vdot(p, p) * p + q.mean()
    return np.stack([moved.real, moved.imag], axis=1)


def _turned(x, degrees, scale, shift):
    a = np.deg2rad(degrees)
    return scale * x @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]) + shift


def _expected(source, target):
    # Least squares for a, b, right, down of (a x - b y + right, b x + a y + down).
    x, y = source.T
    one, zero = np.ones(len(x)), np.zeros(len(x))
    equations = np.concatenate([np.stack([x, -y, one, zero], 1), np.stack([y, x, zero, one], 1)])
    found = np.linalg.lstsq(equations, np.concatenate(target.T), rcond=None)[0]
    return (equations @ found).reshape(2, -1).T


def _shape(seed, points=7):
    return np.random.default_rng(seed).normal(size=(points, 2)) * [3, 2] + [5, -1]


def _moved_only(candidate):
    source = _shape(0)
    target = source + np.array([10, 3])
    equal_arrays(candidate(source, target), target, what="the moved shape", atol=1e-8)


def _larger(candidate):
    source = _shape(1)
    for scale in (3.0, 0.25):
        target = scale * source + [-2, 8]
        equal_arrays(candidate(source, target), target, what="the scaled shape", atol=1e-8)


def _with_turn(candidate):
    source = _shape(2)
    for degrees in (30, -100, 180):
        target = _turned(source, degrees, 0.7, [4, 4])
        equal_arrays(candidate(source, target), target, what=f"the shape turned by {degrees}", atol=1e-8)


def _differing(candidate):
    for seed in range(4):
        source = _shape(3 + seed)
        other = source + np.random.default_rng(30 + seed).normal(size=source.shape)
        target = _turned(other, 50, 2.0, [1, 9])
        equal_arrays(
            candidate(source, target), _expected(source, target), what="the nearest shape", atol=1e-7
        )


def _mirror(candidate):
    source = _shape(9)
    target = source * [-1, 1]
    equal_arrays(candidate(source, target), _expected(source, target), what="the shape", atol=1e-7)


def nothing_moved(source, target):
    """The means are not brought together."""
    p, q = source[:, 0] + 1j * source[:, 1], target[:, 0] + 1j * target[:, 1]
    moved = np.vdot(p, q) / np.vdot(p, p) * p
    return np.stack([moved.real, moved.imag], axis=1)


def shift_alone(source, target):
    """Only the means are brought together."""
    return source - source.mean(0) + target.mean(0)


def without_turn(source, target):
    """Size and place are matched, the turn is forgotten."""
    a, b = source - source.mean(0), target - target.mean(0)
    return a * np.linalg.norm(b) / np.linalg.norm(a) + target.mean(0)


def size_of_target(source, target):
    """The size is copied from the target; least squares makes it smaller when the shapes differ."""
    b = target - target.mean(0)
    best = lay_over(source, target) - target.mean(0)
    return best * np.linalg.norm(b) / np.linalg.norm(best) + target.mean(0)


def flips(source, target):
    """The singular value decomposition alone, which mirrors a shape when that is nearer."""
    a, b = source - source.mean(0), target - target.mean(0)
    u, d, v = np.linalg.svd(b.T @ a)
    return d.sum() / (a**2).sum() * a @ (u @ v).T + target.mean(0)


EXERCISE = Exercise(
    title="Lay one face over another",
    level=3,
    task="""
    Least squares over scale, turn and shift. Complex numbers or the singular value decomposition: both ways
    of the chapter pass.
    """,
    solution=lay_over,
    stages=(
        Stage(
            _moved_only,
            "Take the mean away from both shapes first, and give the target's mean back at the end.",
        ),
        Stage(
            _larger, "The scale is the sum of products of both shapes over the sum of squares of the source."
        ),
        Stage(
            _with_turn, "The turn is missing, or it goes the wrong way: follow one point of a quarter turn."
        ),
        Stage(
            _differing,
            "Different shapes cannot meet: least squares then makes the source smaller than the target.",
        ),
        Stage(
            _mirror,
            "Never mirror: the determinant of the rotation must stay 1, however near the mirror image lies.",
        ),
    ),
    wrong=(
        Wrong(nothing_moved, "Take the mean away"),
        Wrong(shift_alone, "The scale is the sum of products"),
        Wrong(without_turn, "The turn is missing"),
        Wrong(size_of_target, "smaller than the target"),
        Wrong(flips, "Never mirror"),
    ),
)
