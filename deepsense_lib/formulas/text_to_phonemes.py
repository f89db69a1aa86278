"""From text to phonemes: the cheapest reading, words that nobody listed, letters aligned with sounds.

A *pair* is a letter with the zero, one or two phonemes that it stands for, ``("x", ("K", "S"))``. An
*alignment* of a word is a sequence of pairs that spells the word and says its phonemes. `weight` is always a
function that gives a pair's weight, 0 or more.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

Pair = tuple[str, tuple[str, ...]]
Weight = Callable[[Pair], float]
LONGEST = 2  # phonemes of one letter


class Reading(NamedTuple):
    """The cheapest way to read a text: its cost, and the labels of its pieces in order."""

    cost: float
    labels: tuple


def cheapest_reading(length: int, pieces: Iterable[tuple[int, int, float, object]]) -> Reading:
    """Cover a text of `length` characters with pieces from start to end, as cheaply as possible.

    pieces: (start, end, cost, label) with 0 <= start < end <= length; `cost` at least 0.
    Of two equally cheap ways the one whose last piece comes first in `pieces` is taken.

    Raises ValueError for a piece that leaves the text or costs less than nothing, and when no way exists.

    Source: Dijkstra (1959), for a graph whose edges all lead forward; as the reading of a text: Mohri,
    Pereira & Riley (2002), Weighted finite-state transducers in speech recognition.
    Equation: eq-cheapest-reading
    """
    ending: dict[int, list] = {}
    for start, end, cost, label in pieces:
        if not 0 <= start < end <= length or not cost >= 0:
            raise ValueError(
                f"the piece {label!r} from {start} to {end} costs {cost}; expected it inside the text of "
                f"{length} characters, with a cost of at least 0."
            )
        ending.setdefault(end, []).append((start, cost, label))
    best: list[Reading | None] = [Reading(0.0, ())] + [None] * length
    for end in range(1, length + 1):
        for start, cost, label in ending.get(end, ()):
            before = best[start]
            if before and (best[end] is None or before.cost + cost < best[end].cost):
                best[end] = Reading(before.cost + cost, (*before.labels, label))
    if best[length] is None:
        raise ValueError("the pieces do not cover the text; expected at least one way from start to end.")
    return best[length]


def rank_shares(words: int, exponent: float = 1.0) -> np.ndarray:
    """Return the share of each word of a language by its rank, `(words,)`: rank to the power of -exponent.

    Raises ValueError for no words.

    Source: Zipf (1949), Human Behavior and the Principle of Least Effort.
    Equation: eq-zipf
    """
    if words < 1:
        raise ValueError(f"{words} words; expected at least one.")
    shares = np.arange(1, words + 1) ** -float(exponent)
    return shares / shares.sum()


def unseen_probability(counts: Sequence[int]) -> float:
    """Estimate the probability that the next word of a text is one that it has not had yet.

    counts: how often each word has come, all at least 1.
    Raises ValueError for no words, or a count below 1.

    Source: Good (1953), The population frequencies of species and the estimation of population parameters,
    Biometrika 40, with the estimate that he owes to Turing.
    Equation: eq-unseen-probability
    """
    counts = np.asarray(counts)
    if counts.size == 0 or counts.min() < 1:
        raise ValueError("expected the counts of at least one word, none of them below 1.")
    return float(np.mean(np.repeat(counts == 1, counts)))


def spelling_probability(letters: str, phones: Sequence[str], weight: Weight) -> float:
    """Add up the weights of all alignments of a word; an alignment weighs the product of its pairs.

    Source: Bisani & Ney (2008), Joint-sequence models for grapheme-to-phoneme conversion, Section 2;
    here with one letter a pair and pairs that do not depend on each other.
    Equation: eq-spelling-probability
    """
    return _forward(letters, phones, weight)[-1][len(phones)]


def expected_pairs(letters: str, phones: Sequence[str], weight: Weight) -> Counter:
    """Count each pair over all alignments of a word, an alignment in proportion to its weight.

    The counter is empty when the word has no alignment of positive weight; else its counts add up to the
    number of letters.

    Source: Dempster, Laird & Rubin (1977) for the expectation step, Baum (1972) for going forward and
    backward.
    Equation: eq-expected-pairs
    """
    forward = _forward(letters, phones, weight)
    backward = [[0.0] * (len(phones) + 1) for _ in range(len(letters) + 1)]
    backward[-1][-1] = 1.0
    counts: Counter = Counter()
    total = forward[-1][-1]
    if total == 0:
        return counts
    for i in reversed(range(len(letters))):
        for j in range(len(phones) + 1):
            for taken, pair in _steps(letters, phones, i, j):
                rest = weight(pair) * backward[i + 1][j + taken]
                backward[i][j] += rest
                if forward[i][j] * rest:
                    counts[pair] += forward[i][j] * rest / total
    return counts


def best_alignment(letters: str, phones: Sequence[str], weight: Weight) -> list[Pair] | None:
    """Return the alignment of the largest weight, or None if none has a positive weight.

    Source: Viterbi (1967), Error bounds for convolutional codes and an asymptotically optimum decoding
    algorithm.
    Equation: eq-best-alignment
    """
    best: dict[int, float] = {0: 0.0}
    came: list[dict[int, tuple[int, Pair]]] = []
    for i in range(len(letters)):
        following: dict[int, float] = {}
        came.append({})
        for j, score in best.items():
            for taken, pair in _steps(letters, phones, i, j):
                share = weight(pair)
                if share > 0 and score + math.log(share) > following.get(j + taken, -math.inf):
                    following[j + taken] = score + math.log(share)
                    came[i][j + taken] = (j, pair)
        best = following
    at, pairs = len(phones), []
    for layer in reversed(came):
        if at not in layer:
            return None
        at, pair = layer[at]
        pairs.append(pair)
    return pairs[::-1]


def kneser_ney(counts: Sequence[Counter], kinds: int, discount: float = 0.75) -> tuple[dict, dict]:
    """Return interpolated probabilities of all n-grams that were counted, and the weight of each history.

    counts: for n = 1, 2, ... how often each n-gram, a tuple, counts; below the largest n that is the number
        of different symbols that came before it, not how often it came.
    kinds: of symbols, so that a symbol that never came gets its share of 1 / kinds.
    Returns P(last | history) by n-gram, and what is left for shorter histories, by history.

    Source: Kneser & Ney (1995), Improved backing-off for m-gram language modeling; interpolated as in Chen &
    Goodman (1999), An empirical study of smoothing techniques for language modeling.
    Equation: eq-kneser-ney
    """
    probability: dict = {}
    left: dict = {}
    for n, level in enumerate(counts, start=1):
        total, different = Counter(), Counter()
        for key, number in level.items():
            total[key[:-1]] += number
            different[key[:-1]] += 1
        for history in total:
            left[history] = discount * different[history] / total[history]
        for key, number in level.items():
            shorter = probability[key[1:]] if n > 1 else 1 / kinds
            probability[key] = (number - discount) / total[key[:-1]] + left[key[:-1]] * shorter
    return probability, left


def _steps(letters: str, phones: Sequence[str], i: int, j: int) -> Iterator[tuple[int, Pair]]:
    """List what letter i may take from phoneme j on, so that the letters behind it can take the rest."""
    for taken in range(min(LONGEST, len(phones) - j) + 1):
        if len(phones) - j - taken <= LONGEST * (len(letters) - i - 1):
            yield taken, (letters[i], tuple(phones[j : j + taken]))


def _forward(letters: str, phones: Sequence[str], weight: Weight) -> list[list[float]]:
    """Give the summed weight of all ways to reach each place (letters done, phonemes done)."""
    forward = [[0.0] * (len(phones) + 1) for _ in range(len(letters) + 1)]
    forward[0][0] = 1.0
    for i in range(len(letters)):
        for j, reached in enumerate(forward[i]):
            if reached:
                for taken, pair in _steps(letters, phones, i, j):
                    forward[i + 1][j + taken] += reached * weight(pair)
    return forward
