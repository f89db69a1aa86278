"""When to stop, and which weights to keep."""

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays, require


def early_stop(losses, patience):
    """Return (best, last): the check whose weights are kept, and the one after which training stops.

    losses: validation losses in order, at least one; patience: training stops at the first check that lies
    `patience` checks or more after the best so far. Without a stop, the last check is the last.
    """
    best = 0
    for check, loss in enumerate(losses):
        if loss < losses[best]:
            best = check
        if check - best >= patience:
            return best, check
    return best, len(losses) - 1


def _is(candidate, losses, patience, expected):
    found = candidate(list(losses), patience)
    require(isinstance(found, tuple | list) and len(found) == 2, "expected two numbers, best and last")
    equal_arrays(found, expected, what=f"(best, last) of {losses} with patience {patience}")


def _falling(candidate):
    _is(candidate, [3.0, 2.0, 1.5, 1.0], 1, (3, 3))
    _is(candidate, [2.0], 3, (0, 0))


def _stops(candidate):
    _is(candidate, [3.0, 1.0, 2.0, 2.5, 2.7], 2, (1, 3))
    _is(candidate, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 4, (0, 4))


def _unseen(candidate):
    _is(candidate, [3.0, 1.0, 2.0, 2.5, 0.1], 2, (1, 3))


def _patient(candidate):
    _is(candidate, [3.0, 1.0, 2.0, 0.5, 0.7, 0.6, 0.9], 3, (3, 6))
    _is(candidate, [5.0, 4.0, 4.5, 3.0, 3.5, 2.0, 2.5, 1.0], 2, (7, 7))


def _equal(candidate):
    _is(candidate, [1.0, 1.0, 1.0, 1.0], 2, (0, 2))


def with_hindsight(losses, patience):
    """The best of all losses, also of those that come after the stop."""
    return losses.index(min(losses)), early_stop(losses, patience)[1]


def never(losses, patience):
    """The best is found, but it never stops."""
    return losses.index(min(losses)), len(losses) - 1


def one_too_late(losses, patience):
    """Stops one check later."""
    return early_stop(losses, patience + 1)


def rises(losses, patience):
    """Counts rises from check to check, and never forgets one."""
    count = 0
    for check in range(1, len(losses)):
        count += losses[check] > losses[check - 1]
        if count >= patience:
            return losses.index(min(losses[: check + 1])), check
    return losses.index(min(losses)), len(losses) - 1


def last_of_equals(losses, patience):
    """An equal loss counts as a new best."""
    best = 0
    for check, loss in enumerate(losses):
        if loss <= losses[best]:
            best = check
        if check - best >= patience:
            return best, check
    return best, len(losses) - 1


EXERCISE = Exercise(
    title="When to stop",
    level=2,
    solution=early_stop,
    stages=(
        Stage(_falling, "While each loss is a new best, nothing stops: best and last are the final check."),
        Stage(_stops, "Stop as soon as the present check is `patience` checks after the best one."),
        Stage(_unseen, "What comes after the stop is never seen, so it cannot be the best."),
        Stage(_patient, "Measure the wait from the best check: a new best begins it anew."),
        Stage(_equal, "An equal loss is no improvement: keep the earlier check."),
    ),
    wrong=(
        Wrong(never, "as soon as the present check is"),
        Wrong(one_too_late, "as soon as the present check is"),
        Wrong(with_hindsight, "is never seen"),
        Wrong(rises, "Measure the wait from the best check"),
        Wrong(last_of_equals, "An equal loss is no improvement"),
    ),
)
