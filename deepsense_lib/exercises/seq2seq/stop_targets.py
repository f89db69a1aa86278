"""Where a sequence ends, and which steps count."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays, require


def stop_targets(lengths, steps):
    """Return (target, mask): the target is 1 at the last step of each sequence, the mask 1 up to and with it.

    lengths: (batch,), steps of each sequence, at least 1; steps: of the longest. Returns two (batch, steps).
    """
    time = np.arange(steps)
    last = np.asarray(lengths)[:, None] - 1
    return (time == last).astype(float), (time <= last).astype(float)


def _pair(candidate, lengths, steps):
    found = candidate(np.array(lengths), steps)
    require(
        isinstance(found, tuple | list) and len(found) == 2, "expected two arrays, the target and the mask"
    )
    return found


def _target(candidate):
    target, _ = _pair(candidate, [3, 2], 3)
    equal_arrays(target, [[0, 0, 1], [0, 1, 0]], what="the target of lengths 3 and 2")


def _mask(candidate):
    _, mask = _pair(candidate, [3, 1], 4)
    equal_arrays(mask, [[1, 1, 1, 0], [1, 0, 0, 0]], what="the mask of lengths 3 and 1")


def one_late(lengths, steps):
    """The 1 stands behind the last step, where the longest sequence has none."""
    time, ends = np.arange(steps), np.asarray(lengths)[:, None]
    return (time == ends).astype(float), (time <= ends - 1).astype(float)


def ones_to_the_end(lengths, steps):
    """Ones from the end on: what is padding is taught as well."""
    time, ends = np.arange(steps), np.asarray(lengths)[:, None]
    return (time >= ends - 1).astype(float), np.ones((len(lengths), steps))


def end_masked(lengths, steps):
    """The mask stops before the last step: the end is never learned."""
    time, ends = np.arange(steps), np.asarray(lengths)[:, None]
    return (time == ends - 1).astype(float), (time < ends - 1).astype(float)


def no_mask(lengths, steps):
    """Every step counts, padding too."""
    time, ends = np.arange(steps), np.asarray(lengths)[:, None]
    return (time == ends - 1).astype(float), np.ones((len(lengths), steps))


EXERCISE = Exercise(
    title="When to stop",
    level=1,
    solution=stop_targets,
    stages=(
        Stage(
            _target, "A sequence of n steps ends at number n - 1, counted from 0, and has a single 1 there."
        ),
        Stage(_mask, "The mask keeps all true steps, the last one too, and drops what follows."),
    ),
    wrong=(
        Wrong(one_late, "ends at number n - 1"),
        Wrong(ones_to_the_end, "a single 1 there"),
        Wrong(end_masked, "the last one too"),
        Wrong(no_mask, "drops what follows"),
    ),
)
