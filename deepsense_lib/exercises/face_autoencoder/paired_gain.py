"""A gain with its interval, paired by seed."""

import numpy as np

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def paired_gain(ours, theirs):
    """Mean gain of `ours` over `theirs`, and half the width of its 95 % t-interval.

    ours, theirs: five accuracies each; entry k of both comes from seed k, so from the same labels.
    Returns (mean, half): the interval is mean - half to mean + half.
    """
    gain = np.asarray(ours) - np.asarray(theirs)
    return gain.mean(), 2.776 * gain.std(ddof=1) / np.sqrt(5)


def _expected(ours, theirs):
    gain = [a - b for a, b in zip(ours, theirs, strict=True)]
    mean = sum(gain) / 5
    return mean, 2.776 * (sum((g - mean) ** 2 for g in gain) / 4 / 5) ** 0.5


OURS, THEIRS = np.array([0.5, 0.6, 0.7, 0.8, 0.9]), np.array([0.4, 0.5, 0.6, 0.7, 0.8])


def _mean(candidate):
    ours, theirs = np.array([0.6, 0.5, 0.7, 0.6, 0.6]), np.array([0.5, 0.5, 0.5, 0.5, 0.5])
    equal_arrays(np.asarray(candidate(ours, theirs))[0], 0.1, what="the mean gain")


def _same(candidate):
    found = np.asarray(candidate(OURS, THEIRS))[1]
    equal_arrays(found, 0.0, atol=1e-9, what="half the width where every seed gains exactly 0.1")


def _all(candidate):
    for seed in range(3):
        ours, theirs = np.random.default_rng(seed).uniform(0.2, 0.9, (2, 5))
        equal_arrays(
            candidate(ours, theirs), _expected(ours, theirs), 1e-3, what="the mean and half the width"
        )


def unpaired(ours, theirs):
    """The spreads of both are added, as if the labels had been drawn apart."""
    spread = np.sqrt((np.var(ours, ddof=1) + np.var(theirs, ddof=1)) / 5)
    return np.mean(ours) - np.mean(theirs), 2.776 * spread


def the_other_way(ours, theirs):
    """The loss instead of the gain."""
    mean, half = paired_gain(ours, theirs)
    return -mean, half


def of_the_population(ours, theirs):
    """Divides by 5 where the mean was taken from the same 5 numbers."""
    gain = np.asarray(ours) - np.asarray(theirs)
    return gain.mean(), 2.776 * gain.std() / np.sqrt(5)


def spread_only(ours, theirs):
    """The spread of single gains, not that of their mean."""
    gain = np.asarray(ours) - np.asarray(theirs)
    return gain.mean(), 2.776 * gain.std(ddof=1)


EXERCISE = Exercise(
    title="Does it pay?",
    level=2,
    task="""
    Two methods, five seeds. The seed draws who is labelled, and a lucky draw helps both. So compare within
    each seed first. For five numbers the t-factor is 2.776 (four degrees of freedom, 95 %).
    """,
    solution=paired_gain,
    stages=(
        Stage(_mean, "The gain is ours minus theirs, averaged over the seeds."),
        Stage(
            _same, "If each seed gains the same, nothing is uncertain: take differences before the spread."
        ),
        Stage(
            _all,
            "The spread is the deviation of the five gains (divide by 4, `ddof=1`); that of their mean is "
            "smaller by the root of 5.",
        ),
    ),
    wrong=(
        Wrong(unpaired, "take differences before the spread"),
        Wrong(the_other_way, "ours minus theirs"),
        Wrong(of_the_population, "divide by 4"),
        Wrong(spread_only, "smaller by the root of 5"),
    ),
)
