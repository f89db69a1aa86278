"""Two numbers of memory that ring."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays
from deepsense_lib.formulas.source_filter import resonate


def resonator(x, frequency, bandwidth, sample_rate):
    """Return a signal after a digital resonator, whose gain at 0 Hz is 1.

    x: (samples,); frequency, bandwidth, sample_rate: Hz. Returns (samples,).
    """
    radius = np.exp(-np.pi * bandwidth / sample_rate)
    b, c = 2 * radius * np.cos(2 * np.pi * frequency / sample_rate), -(radius**2)
    y = [0.0, 0.0]
    for value in x:
        y.append((1 - b - c) * value + b * y[-1] + c * y[-2])
    return np.array(y[2:])


PULSE = np.eye(1, 40)[0]


def _gain(candidate):
    found = candidate(np.ones(4000), 500.0, 100.0, 8000.0)
    equal_arrays(found[-1], 1.0, what="what a constant 1 becomes in the end", rtol=1e-6)


def _ring(candidate):
    for frequency, bandwidth, rate in ((500.0, 80.0, 8000.0), (1500.0, 200.0, 16000.0)):
        want = resonate(PULSE, frequency, bandwidth, rate)
        noise = np.random.default_rng(1).normal(size=50)
        equal_arrays(candidate(PULSE, frequency, bandwidth, rate), want, what="the answer to a pulse")
        want = resonate(noise, frequency, bandwidth, rate)
        equal_arrays(candidate(noise, frequency, bandwidth, rate), want, what="the answer to noise")


def no_gain(x, frequency, bandwidth, sample_rate):
    """Lets the input in as it is."""
    radius = np.exp(-np.pi * bandwidth / sample_rate)
    b, c = 2 * radius * np.cos(2 * np.pi * frequency / sample_rate), -(radius**2)
    y = [0.0, 0.0]
    for value in x:
        y.append(value + b * y[-1] + c * y[-2])
    return np.array(y[2:])


def twice_the_bandwidth(x, frequency, bandwidth, sample_rate):
    """2 pi for pi: it rings half as long."""
    return resonator(x, frequency, 2 * bandwidth, sample_rate)


EXERCISE = Exercise(
    title="A resonator",
    level=2,
    solution=resonator,
    stages=(
        Stage(_gain, "The input is scaled by A = 1 - B - C, so that a constant passes as it is."),
        Stage(_ring, "The radius is exp(-pi * bandwidth / rate), with one pi: check how fast it dies."),
    ),
    wrong=(Wrong(no_gain, "1 - B - C"), Wrong(twice_the_bandwidth, "one pi")),
)
