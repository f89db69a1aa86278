"""What no failure in n tries proves."""

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def zero_of_fifty(tries, z=1.96):
    """Return the largest failure rate that Wilson's interval allows when none of `tries` utterances failed.

    The upper end of the interval with p failures per try, n tries, is
    (p + z^2/(2n) + z sqrt(p (1 - p)/n + z^2/(4 n^2))) / (1 + z^2/n).
    """
    return z * z / (tries + z * z)


def _fifty(candidate):
    equal_arrays(candidate(50), 1.96**2 / (50 + 1.96**2), what="the upper end for 0 of 50")


def _more(candidate):
    equal_arrays(candidate(1000), 1.96**2 / (1000 + 1.96**2), what="the upper end for 0 of 1000")


def _sure(candidate):
    equal_arrays(candidate(50, 2.5758), 2.5758**2 / (50 + 2.5758**2), what="the upper end for 99 percent")


def nothing(tries, z=1.96):
    """None seen, none there."""
    return 0.0


def wald(tries, z=1.96):
    """p plus z deviations: with p = 0 the deviation is 0."""
    p = 0 / tries
    return p + z * (p * (1 - p) / tries) ** 0.5


def no_shrinking(tries, z=1.96):
    """The denominator is missing."""
    return z * z / tries


def fixed(tries, z=1.96):
    """The deviation is not used."""
    return 1.96**2 / (tries + 1.96**2)


EXERCISE = Exercise(
    title="None of fifty",
    level=2,
    solution=zero_of_fifty,
    stages=(
        Stage(_fifty, "Put p = 0 into the formula. It is not 0: two terms stay above, and one below."),
        Stage(_more, "More tries, a smaller bound: about four divided by the tries."),
        Stage(_sure, "Who wants to be surer must take the given z."),
    ),
    wrong=(
        Wrong(nothing, "It is not 0"),
        Wrong(wald, "It is not 0"),
        Wrong(no_shrinking, "and one below"),
        Wrong(fixed, "the given z"),
    ),
)
