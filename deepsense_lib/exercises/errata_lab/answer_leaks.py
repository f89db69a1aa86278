"""Write the check that catches unshifted targets."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, require


def answer_leaks(make_inputs, frames):
    """Tell whether the decoder's input at any step depends on the frame of that step or of a later one.

    make_inputs: takes frames (time, width), gives the decoder's inputs (time, anything); frames: an array to
    try it with. Returns True or False.
    """
    before = np.asarray(make_inputs(frames))
    for step in range(len(frames)):
        changed = np.array(frames, float)
        changed[step:] += 1.5  # the present and the future, the past stays
        after = np.asarray(make_inputs(changed))
        if not np.array_equal(after[step], before[step]):
            return True
    return False


FRAMES = np.random.default_rng(4).normal(size=(6, 2))


def _shift(frames):
    return np.concatenate([np.zeros_like(frames[:1]), frames[:-1]])


def _says(candidate, make, expected, name, frames=FRAMES):
    found = candidate(make, frames)
    require(
        isinstance(found, (bool, np.bool_)), f"you returned a {type(found).__name__}, expected True or False"
    )
    require(bool(found) == expected, f"for inputs that are {name} you said {bool(found)}")


def _plain(candidate):
    _says(candidate, lambda f: np.array(f), True, "the frames themselves")
    _says(candidate, _shift, False, "the frames shifted by one step")


def _scaled(candidate):
    _says(candidate, lambda f: 0.5 * f + 1, True, "the frames of the same step, halved")
    _says(candidate, lambda f: np.repeat(f, 2, 1), True, "the frames of the same step, twice as wide")


def _future(candidate):
    _says(candidate, lambda f: np.concatenate([f[1:], 0 * f[:1]]), True, "the frames of the next step")
    _says(candidate, lambda f: f - f.mean(0), True, "the frames minus their mean over all time")


def _late(candidate):
    def late(f):
        out = _shift(f)
        out[4] = f[4]
        return out

    _says(candidate, late, True, "shifted but at step 4")


def _past(candidate):
    _says(candidate, lambda f: np.cumsum(_shift(f), 0), False, "running sums of the past")
    _says(candidate, lambda f: np.zeros_like(f), False, "all zeros")
    equal = np.ones((5, 2))
    _says(
        candidate,
        lambda f: np.concatenate([np.ones((1, 2)), f[:-1]]),
        False,
        "shifted, all frames being equal",
        equal,
    )


def same_rows(make_inputs, frames):
    """Compares inputs and frames."""
    return bool(np.allclose(make_inputs(frames), frames))


def present_alone(make_inputs, frames):
    """Changes one frame and looks at its own step only."""
    before = np.asarray(make_inputs(frames))
    for step in range(len(frames)):
        changed = np.array(frames, float)
        changed[step] += 1.5
        after = np.asarray(make_inputs(changed))
        if not np.array_equal(after[step], before[step]):
            return True
    return False


def first_step_alone(make_inputs, frames):
    """Looks at the first step only."""
    changed = np.array(frames, float) + 1.5
    return not np.array_equal(np.asarray(make_inputs(changed))[0], np.asarray(make_inputs(frames))[0])


def anything_moves(make_inputs, frames):
    """Takes any dependence for a leak, that on the past too."""
    return not np.array_equal(make_inputs(np.array(frames) + 1.5), make_inputs(frames))


EXERCISE = Exercise(
    title="Does the answer leak?",
    level=3,
    task="""
    E14 trains a decoder on the very frames that it should say. Write the check that catches this, whatever
    stands between the frames and the decoder.
    """,
    solution=answer_leaks,
    stages=(
        Stage(
            _plain,
            "Frames as they are leak, shifted ones do not: depending on the past is what a decoder is for.",
        ),
        Stage(_scaled, "Do not compare values. Change a frame, and see whether the input of its step moves."),
        Stage(
            _future,
            "A look at the next frame is a leak as well: change the present and all that comes later.",
        ),
        Stage(_late, "One leaking step is enough; try every step."),
        Stage(_past, "Any function of the past is allowed, a sum for instance, and so is no input at all."),
    ),
    wrong=(
        Wrong(anything_moves, "depending on the past is what"),
        Wrong(same_rows, "Do not compare values"),
        Wrong(present_alone, "A look at the next frame"),
        Wrong(first_step_alone, "One leaking step is enough"),
    ),
)
