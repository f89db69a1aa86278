"""Cut a sound into frames that are centred on multiples of the hop."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def centred_frames(x, size, hop):
    """Cut x into frames; frame t is centred on sample t * hop, and x goes on with zeros past its ends.

    x: (samples,); size: samples in a frame, even; hop: samples from one frame to the next.
    Returns (1 + samples // hop, size): sample i of frame t is x[t * hop + i - size / 2].
    """
    padded = np.pad(x, size // 2)
    return np.array([padded[t * hop : t * hop + size] for t in range(1 + len(x) // hop)])


def _truth(x, size, hop):
    positions = np.arange(0, len(x) + 1, hop)[:, None] + np.arange(size) - size // 2
    inside = (positions >= 0) & (positions < len(x))
    return np.where(inside, x[np.clip(positions, 0, len(x) - 1)], 0)


def _compare(candidate, cases):
    for samples, size, hop in cases:
        x = np.random.default_rng(samples).normal(size=samples)
        equal_arrays(
            candidate(x, size, hop),
            _truth(x, size, hop),
            what=f"the frames of {samples} samples, size {size}, hop {hop}",
        )


def _count(candidate):
    for samples, size, hop in [(8, 4, 2), (10, 4, 4), (13, 6, 3)]:
        found = np.shape(candidate(np.ones(samples), size, hop))
        expected = (1 + samples // hop, size)
        equal_arrays(found, expected, what=f"the shape for {samples} samples, size {size}, hop {hop}")


def not_centred(x, size, hop):
    """Frames start at sample 0 and lose both ends."""
    return np.array([x[start : start + size] for start in range(0, len(x) - size + 1, hop)])


def last_one_lost(x, size, hop):
    """One frame a hop, and the fence post at the end is missing."""
    padded = np.pad(x, size // 2)
    return np.array([padded[t * hop : t * hop + size] for t in range(len(x) // hop)])


def zeros_behind(x, size, hop):
    """All zeros at the end, so frame t starts at t * hop instead of being centred there."""
    padded = np.pad(x, (0, size))
    return np.array([padded[t * hop : t * hop + size] for t in range(1 + len(x) // hop)])


def reflected(x, size, hop):
    """The default of the libraries, but not what was asked."""
    padded = np.pad(x, size // 2, mode="reflect")
    return np.array([padded[t * hop : t * hop + size] for t in range(1 + len(x) // hop)])


EXERCISE = Exercise(
    title="Frames that know their time",
    level=2,
    task="""
    The first step of the STFT. Pad the sound with zeros so that the frames can be centred, then cut. Try
    `np.arange(1, 9)` with a size of 4 and a hop of 2 by hand first: the first frame is `[0, 0, 1, 2]`.
    """,
    solution=centred_frames,
    stages=(
        Stage(
            _count,
            "There is one frame at sample 0 and one at every hop after it: 1 + samples // hop in all, "
            "and each is whole. Pad `size // 2` at both ends.",
        ),
        Stage(
            lambda c: _compare(c, [(8, 4, 2), (12, 4, 4)]),
            "Sample 0 belongs in the middle of frame 0: half a frame of zeros comes before it, "
            "none is reflected.",
        ),
        Stage(
            lambda c: _compare(c, [(9, 4, 2), (31, 8, 3), (5, 8, 2), (40, 6, 7)]),
            "It must also work if the hop does not divide the length, and for sounds shorter than a frame.",
        ),
    ),
    wrong=(
        Wrong(not_centred, "1 + samples // hop"),
        Wrong(last_one_lost, "1 + samples // hop"),
        Wrong(zeros_behind, "in the middle of frame 0"),
        Wrong(reflected, "none is reflected"),
    ),
)
