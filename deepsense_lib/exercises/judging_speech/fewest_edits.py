"""The fewest edits."""

from deepsense_lib.exercises.engine import Exercise, Stage, Wrong, equal_arrays


def fewest_edits(reference, hypothesis):
    """Return the fewest insertions, deletions and substitutions that turn one text into the other.

    reference, hypothesis: strings, possibly empty.
    """
    row = [*range(len(hypothesis) + 1)]
    for i, expected in enumerate(reference, start=1):
        above, row = row, [i]
        for j, found in enumerate(hypothesis, start=1):
            row.append(min(above[j - 1] + (expected != found), above[j] + 1, row[j - 1] + 1))
    return row[-1]


def _says(candidate, a, b, edits):
    equal_arrays(candidate(a, b), edits, what=f"the edits from {a!r} to {b!r}")


def _substitute(candidate):
    _says(candidate, "cat", "cut", 1)
    _says(candidate, "cat", "cat", 0)
    _says(candidate, "abc", "xyz", 3)


def _insert(candidate):
    _says(candidate, "cat", "cart", 1)
    _says(candidate, "cart", "cat", 1)
    _says(candidate, "abcdef", "bcdef", 1)
    _says(candidate, "abcdef", "xabcdef", 1)


def _fewest(candidate):
    _says(candidate, "kitten", "sitting", 3)
    _says(candidate, "leave a message", "leave message", 2)
    _says(candidate, "abab", "baba", 2)


def _empty(candidate):
    _says(candidate, "", "abc", 3)
    _says(candidate, "abc", "", 3)
    _says(candidate, "", "", 0)


def place_by_place(reference, hypothesis):
    """Compares place by place: one lost letter spoils all that follow."""
    pairs = sum(a != b for a, b in zip(reference, hypothesis, strict=False))
    return pairs + abs(len(reference) - len(hypothesis))


def no_substitution(reference, hypothesis):
    """A substitution counts as two."""
    row = list(range(len(hypothesis) + 1))
    for i, expected in enumerate(reference, start=1):
        above, row = row, [i]
        for j, found in enumerate(hypothesis, start=1):
            row.append(min(above[j - 1] + 2 * (expected != found), above[j] + 1, row[j - 1] + 1))
    return row[-1]


def letters(reference, hypothesis):
    """Counts letters, not their order."""
    both = sum(min(reference.count(c), hypothesis.count(c)) for c in set(reference))
    return max(len(reference), len(hypothesis)) - both


def crashes_on_empty(reference, hypothesis):
    """Right, but an empty text has no last letter."""
    reference[-1], hypothesis[-1]
    return fewest_edits(reference, hypothesis)


EXERCISE = Exercise(
    title="The fewest edits",
    level=2,
    solution=fewest_edits,
    stages=(
        Stage(_substitute, "One wrong letter is one substitution: it costs 1, and 0 where they are equal."),
        Stage(_insert, "A letter more or less costs 1, and what follows must not count as wrong."),
        Stage(_fewest, "Take the cheapest of three ways into each cell: from above, from the left, across."),
        Stage(_empty, "From an empty text every letter is an insertion, to an empty one a deletion."),
    ),
    wrong=(
        Wrong(place_by_place, "what follows must not"),
        Wrong(no_substitution, "it costs 1"),
        Wrong(letters, "Take the cheapest"),
        Wrong(crashes_on_empty, "every letter is an insertion"),
    ),
)
