"""Measures of speech: errors of characters, words and phonemes."""

from collections.abc import Sequence


def edit_distance(reference: Sequence, hypothesis: Sequence) -> int:
    """Count the fewest insertions, deletions and substitutions that turn one sequence into the other."""
    previous = list(range(len(hypothesis) + 1))
    for row, expected in enumerate(reference, start=1):
        current = [row]
        for column, found in enumerate(hypothesis, start=1):
            substitute = previous[column - 1] + (expected != found)
            current.append(min(substitute, previous[column] + 1, current[-1] + 1))
        previous = current
    return previous[-1]
