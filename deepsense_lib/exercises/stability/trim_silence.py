"""Cut the silence off the ends of a recording."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays

LEVEL = np.array([-80.0, -70, -20, -60, -10, -15, -75, -80, -80])


def trim_silence(level, below, keep):
    """Return (first, last): level[first:last] is the recording without silence, but for a margin.

    level: (frames,), in dB; a frame is silent if it is more than `below` dB under the loudest; keep: how many
    silent frames stay at each end, if there are so many.
    """
    loud = np.flatnonzero(level >= level.max() - below)
    return max(0, loud[0] - keep), min(len(level), loud[-1] + 1 + keep)


def _bare(candidate):
    equal_arrays(candidate(LEVEL, 30, 0), (2, 6), what="where to cut with a margin of 0")
    equal_arrays(
        candidate(np.array([-60.0, -40, -10, -50, -40.5]), 30, 0),
        (1, 3),
        what="where to cut if a frame is exactly 30 dB softer",
    )


def _relative(candidate):
    equal_arrays(candidate(LEVEL - 25, 30, 0), (2, 6), what="where to cut the same recording, 25 dB softer")


def _margin(candidate):
    equal_arrays(candidate(LEVEL, 30, 1), (1, 7), what="where to cut with a margin of 1")


def _short(candidate):
    equal_arrays(candidate(LEVEL, 30, 5), (0, 9), what="where to cut with a margin of 5")


def first_gap(level, below, keep):
    """Ends at the first silent frame after the start: a pause is taken for the end."""
    first, _ = trim_silence(level, below, 0)
    after = np.flatnonzero(level[first:] < level.max() - below)
    return max(0, first - keep), min(len(level), first + after[0] + keep)


def last_inside(level, below, keep):
    """The last loud frame itself, which a slice leaves out."""
    first, last = trim_silence(level, below, keep)
    return first, last - 1


def absolute(level, below, keep):
    """A fixed level: right for one recording."""
    loud = np.flatnonzero(level >= -10 - below)
    return max(0, loud[0] - keep) if len(loud) else 0, min(len(level), loud[-1] + 1 + keep) if len(
        loud
    ) else 0


def no_margin(level, below, keep):
    """Cut to the bone."""
    return trim_silence(level, below, 0)


def over_the_edge(level, below, keep):
    """More frames than there are."""
    first, last = trim_silence(level, below, 0)
    return first - keep, last + keep


EXERCISE = Exercise(
    title="Trim a recording",
    level=2,
    solution=trim_silence,
    stages=(
        Stage(
            _bare,
            "From the first loud frame to the last: pauses between them stay. A slice ends before `last`.",
        ),
        Stage(_relative, "Measure from the loudest frame of this recording, not from a fixed level."),
        Stage(_margin, "Leave `keep` frames at each end: soft sounds begin and fade below the level."),
        Stage(_short, "There may be fewer silent frames than `keep`: stay inside of the recording."),
    ),
    wrong=(
        Wrong(first_gap, "pauses between them stay"),
        Wrong(last_inside, "A slice ends before"),
        Wrong(absolute, "not from a fixed level"),
        Wrong(no_margin, "soft sounds begin"),
        Wrong(over_the_edge, "stay inside"),
    ),
)
