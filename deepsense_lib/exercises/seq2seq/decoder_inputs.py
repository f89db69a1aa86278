"""What the decoder sees in training, with several frames a step."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays

FRAMES = np.arange(1, 13, dtype=float).reshape(6, 2)


def decoder_inputs(frames, reduction):
    """Return what each step sees: a go frame of zeros first, then the last frame of the step before.

    frames: (time, width), time a multiple of the reduction; reduction: frames that one step gives.
    Returns (time / reduction, width).
    """
    last = frames[reduction - 1 :: reduction]
    return np.concatenate([np.zeros_like(frames[:1]), last[:-1]])


def _first(candidate):
    equal_arrays(candidate(FRAMES, 1)[0], [0.0, 0.0], what="what the first step sees")


def _one(candidate):
    expected = np.concatenate([np.zeros((1, 2)), FRAMES[:-1]])
    equal_arrays(candidate(FRAMES, 1), expected, what="the inputs with one frame a step")


def _two(candidate):
    equal_arrays(
        candidate(FRAMES, 2), [[0, 0], [3, 4], [7, 8]], what="the inputs of six frames with two frames a step"
    )


def unshifted(frames, reduction):
    """The slip of the article's listing: the decoder sees what it should say."""
    return frames[reduction - 1 :: reduction]


def first_of_group(frames, reduction):
    """The first frame of the step before instead of the last."""
    return np.concatenate([np.zeros_like(frames[:1]), frames[::reduction][:-1]])


def shifted_before_grouping(frames, reduction):
    """Shifted by one frame, then every step's first frame: right for no reduction but by luck."""
    shifted = np.concatenate([np.zeros_like(frames[:1]), frames[:-1]])
    return shifted[reduction - 1 :: reduction]


def repeated_first(frames, reduction):
    """The first frame stands where the go frame should be."""
    last = frames[reduction - 1 :: reduction]
    return np.concatenate([frames[:1], last[:-1]])


EXERCISE = Exercise(
    title="What the decoder may see",
    level=2,
    task="""
    With a reduction factor r one decoder step gives r frames. It sees one frame only: the newest that exists
    when the step begins.
    """,
    solution=decoder_inputs,
    stages=(
        Stage(_first, "Before the first frame there is nothing: the first step sees the go frame, zeros."),
        Stage(_one, "Every step sees the frame before the one it must give, never that one itself."),
        Stage(_two, "The newest frame is the last one of the step before: number r - 1 of its r frames."),
    ),
    wrong=(
        Wrong(unshifted, "the first step sees the go frame"),
        Wrong(repeated_first, "the first step sees the go frame"),
        Wrong(first_of_group, "the last one of the step before"),
        Wrong(shifted_before_grouping, "the last one of the step before"),
    ),
)
