"""Which frequency a tone seems to have after sampling."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays, require


def alias(frequency, sample_rate):
    """Return the frequency in Hz, from 0 to sample_rate / 2, that a sampled tone seems to have.

    frequency, sample_rate: numbers, Hz. Returns a number, Hz.
    """
    rest = frequency % sample_rate
    return min(rest, sample_rate - rest)


def _low(candidate):
    for frequency, rate in [(440, 16000), (0, 8000), (3999, 8000)]:
        equal_arrays(candidate(frequency, rate), frequency, what=f"the alias of {frequency} Hz at {rate} Hz")


def _mirrored(candidate):
    for frequency, rate in [(5000, 8000), (7900, 8000), (15000, 16000)]:
        equal_arrays(
            candidate(frequency, rate), rate - frequency, what=f"the alias of {frequency} Hz at {rate} Hz"
        )


def _any(candidate):
    rng = np.random.default_rng(1)
    for frequency, rate in zip(rng.uniform(0, 90_000, 30), rng.uniform(4000, 20_000, 30), strict=True):
        found = float(candidate(frequency, rate))
        require(0 <= found <= rate / 2, f"{frequency:.1f} Hz at {rate:.1f} Hz gave {found:.1f} Hz")
        n = np.arange(50) / rate
        same = np.allclose(np.cos(2 * np.pi * frequency * n), np.cos(2 * np.pi * found * n), atol=1e-6)
        require(same, f"{frequency:.1f} Hz at {rate:.1f} Hz gave {found:.1f} Hz, which has other samples")


def only_the_rest(frequency, sample_rate):
    """The remainder, without the mirror at half the sample rate."""
    return frequency % sample_rate


def cut_off(frequency, sample_rate):
    """As if too high a tone were held at the highest frequency."""
    return min(frequency, sample_rate / 2)


def one_mirror(frequency, sample_rate):
    """Right up to the sample rate, wrong above it."""
    return abs(sample_rate - frequency) if frequency > sample_rate / 2 else frequency


EXERCISE = Exercise(
    title="Where does a high tone land?",
    level=1,
    task="""
    A tone of 7,000 Hz, sampled at 8,000 Hz, has the same samples as one of 1,000 Hz. Write the rule for every
    frequency, also for those far above the sample rate.
    """,
    solution=alias,
    stages=(
        Stage(_low, "A tone below half the sample rate keeps its frequency."),
        Stage(
            _mirrored,
            "Between half the sample rate and the sample rate, the frequency is mirrored downwards.",
        ),
        Stage(_any, "Take away whole sample rates first (`%`), then mirror: the samples must stay the same."),
    ),
    wrong=(
        Wrong(only_the_rest, "mirrored downwards"),
        Wrong(cut_off, "mirrored downwards"),
        Wrong(one_mirror, "Take away whole sample rates first"),
    ),
)
