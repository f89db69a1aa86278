"""How often will the next word be a new one?"""

from collections import Counter

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def unseen_probability(words):
    """Return the probability that the next word is new, estimated from the words so far, a list of strings.

    It is the number of words that came once, over the number of all words that came, repetitions included.
    """
    counts = Counter(words)
    return sum(count == 1 for count in counts.values()) / len(words)


def _never_once(candidate):
    equal_arrays(candidate(list("aaabbb")), 0, what="for 'a a a b b b'")


def _all_words(candidate):
    equal_arrays(candidate("the cat saw the the dog".split()), 1 / 2, what="for 'the cat saw the the dog'")


def _once(candidate):
    equal_arrays(candidate(["a", "a", "b", "b"]), 0, what="for 'a a b b'")
    equal_arrays(candidate(["x"]), 1, what="for a single word")
    equal_arrays(candidate(list("abracadabra")), 2 / 11, what="for the letters of abracadabra")


def over_kinds(words):
    """Divides by the number of different words."""
    counts = Counter(words)
    return sum(count == 1 for count in counts.values()) / len(counts)


def kinds(words):
    """The share of different words: type-token ratio."""
    return len(set(words)) / len(words)


def at_most_two(words):
    """Counts words that came twice as well."""
    counts = Counter(words)
    return sum(count <= 2 for count in counts.values()) / len(words)


EXERCISE = Exercise(
    title="Words that are still to come",
    level=1,
    solution=unseen_probability,
    stages=(
        Stage(_never_once, "Count the words that came exactly once. Here both came three times."),
        Stage(_all_words, "Divide by all words that came, repetitions included, as the docstring says."),
        Stage(_once, "A word that came twice is no longer new: it does not count at all."),
    ),
    wrong=(
        Wrong(over_kinds, "repetitions included"),
        Wrong(kinds, "exactly once"),
        Wrong(at_most_two, "came twice"),
    ),
)
