"""The magnitude projection of Griffin-Lim."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, as_array, equal_arrays, require


def keep_phase(spectrum, magnitude):
    """Give each number of the spectrum a new length and keep its direction. Where it is 0, take direction 1.

    spectrum: (frames, bins), complex; magnitude: (frames, bins), at least 0. Returns (frames, bins), complex.
    """
    return magnitude * np.exp(1j * np.angle(spectrum))


def _case(seed, shape=(3, 5)):
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape) + 1j * rng.normal(size=shape), rng.exponential(size=shape)


def _length(candidate):
    for seed in range(3):
        spectrum, magnitude = _case(seed)
        equal_arrays(np.abs(as_array(candidate(spectrum, magnitude))), magnitude, what="the new length")


def _direction(candidate):
    for seed in range(3):
        spectrum, magnitude = _case(seed, (2, 2 + seed))
        unit = spectrum / np.abs(spectrum)
        equal_arrays(candidate(spectrum, magnitude) / magnitude, unit, what="the direction")


def _zero(candidate):
    spectrum, magnitude = _case(7)
    spectrum[0, 2] = spectrum[2, 0] = 0
    found = as_array(candidate(spectrum, magnitude), "the result")
    require(np.isfinite(found), "the result holds NaN or infinity where the spectrum is 0")
    equal_arrays(found[[0, 2], [2, 0]], magnitude[[0, 2], [2, 0]], what="the values where the spectrum is 0")
    magnitude[1, 1] = 0
    equal_arrays(as_array(candidate(spectrum, magnitude))[1, 1], 0, atol=1e-12, what="a wanted length of 0")


def multiplied(spectrum, magnitude):
    """The old length is still in there."""
    return spectrum * magnitude


def real(spectrum, magnitude):
    """The direction is lost."""
    return magnitude.astype(complex)


def turned(spectrum, magnitude):
    """The conjugate: time runs backwards."""
    return magnitude * np.exp(-1j * np.angle(spectrum))


def divided(spectrum, magnitude):
    """0 / 0 where the spectrum is 0."""
    with np.errstate(all="ignore"):
        return magnitude * spectrum / np.abs(spectrum)


EXERCISE = Exercise(
    title="New length, old direction",
    level=2,
    task="""
    A complex number is an arrow. Griffin-Lim's first projection changes the length of each arrow to the one
    that is wanted and leaves its direction alone.
    """,
    solution=keep_phase,
    stages=(
        Stage(_length, "The result must have the wanted length: take away the old length first."),
        Stage(_direction, "The direction must stay: use `np.angle(spectrum)`, with its sign."),
        Stage(_zero, "Where the spectrum is 0 there is no direction to divide by: take 1 there."),
    ),
    wrong=(
        Wrong(multiplied, "take away the old length"),
        Wrong(real, "direction must stay"),
        Wrong(turned, "direction must stay"),
        Wrong(divided, "take 1 there"),
    ),
)
