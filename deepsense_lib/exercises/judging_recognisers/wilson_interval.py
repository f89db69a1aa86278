"""An interval that stays inside 0 to 1."""

import math

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def wilson_interval(successes, trials, z=1.96):
    """Return (low, high), the ends of Wilson's interval for a share.

    successes: how often it was right; trials: how often it was tried, at least 1; z: how many standard
    deviations, 1.96 for 95 %.
    """
    p = successes / trials
    centre = (p + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z / (1 + z**2 / trials) * math.sqrt(p * (1 - p) / trials + z**2 / (4 * trials**2))
    return centre - half, centre + half


def _middle(candidate):
    equal_arrays(
        candidate(85, 100), (0.7671627, 0.9069410), rtol=1e-5, what="the interval of 85 right of 100"
    )


def _end(candidate):
    low, high = candidate(18, 18)
    equal_arrays(high, 1.0, what="the upper end for 18 of 18")
    equal_arrays(low, 18 / (18 + 1.96**2), what="the lower end for 18 of 18")
    equal_arrays(candidate(0, 18)[1], 1.96**2 / (18 + 1.96**2), what="the upper end for 0 of 18")


def _level(candidate):
    equal_arrays(
        candidate(30, 40, 1.0), (0.6760029, 0.8118020), rtol=1e-5, what="the interval for z = 1, 30 of 40"
    )


def simple(successes, trials, z=1.96):
    """The simple interval, which is a point at the ends."""
    p = successes / trials
    half = z * math.sqrt(p * (1 - p) / trials)
    return p - half, p + half


def clipped(successes, trials, z=1.96):
    """The simple interval, cut off at 0 and 1: still a point at the ends."""
    low, high = simple(successes, trials, z)
    return max(0.0, low), min(1.0, high)


def not_shrunk(successes, trials, z=1.96):
    """The centre is moved, but nothing is divided by 1 + z²/n."""
    p = successes / trials
    half = z * math.sqrt(p * (1 - p) / trials + z**2 / (4 * trials**2))
    return p + z**2 / (2 * trials) - half, p + z**2 / (2 * trials) + half


def fixed(successes, trials, z=1.96):
    """The level is ignored."""
    return wilson_interval(successes, trials)


EXERCISE = Exercise(
    title="An interval for a share",
    level=2,
    solution=wilson_interval,
    stages=(
        Stage(_middle, "Both the centre and the half width are divided by 1 + z²/n; see the formula above."),
        Stage(_end, "18 of 18 does not prove a share of 1: the interval must not shrink to a point."),
        Stage(_level, "Use the z that is given, not always 1.96."),
    ),
    wrong=(
        Wrong(simple, "divided by 1 + z²/n"),
        Wrong(clipped, "divided by 1 + z²/n"),
        Wrong(not_shrunk, "divided by 1 + z²/n"),
        Wrong(fixed, "the z that is given"),
    ),
)
