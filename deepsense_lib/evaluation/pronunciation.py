"""Errors of phones where words may be said in several ways."""

from collections.abc import Sequence
from typing import NamedTuple

from deepsense_lib.errors import InputError

Words = Sequence[Sequence[Sequence[str]]]


def phone_errors(words: Words, heard: Sequence[str]) -> tuple[int, int]:
    """Count the fewest edits between heard phones and any way to say the words.

    words: for each word its pronunciations, each a sequence of phones.
    heard: the phones that were heard.
    Returns the edits (insertions, deletions, substitutions), and the phones of the pronunciations that need
    that few; among ways with equally few edits the longest.

    Source: the recursion of Wagner and Fischer (1974), over a graph of alternatives in place of a string.
    """
    # A cell holds (edits, -phones so far), so that the smallest pair is the best.
    row = [(column, 0) for column in range(len(heard) + 1)]
    for word in words:
        row = [min(cells) for cells in zip(*(_advance(row, phones, heard) for phones in word), strict=True)]
    edits, length = row[-1]
    return edits, -length


def phone_error_rate(sentences: Sequence[Words], heard: Sequence[Sequence[str]]) -> float:
    """Divide the edits of all sentences by the length of all of them; it can exceed 1.

    Raises:
        InputError: there are no phones to be said, or not as many sentences on both sides.
    """
    if len(sentences) != len(heard):
        raise InputError(f"{len(sentences)} sentences and {len(heard)} that were heard; expected as many.")
    counts = [phone_errors(words, phones) for words, phones in zip(sentences, heard, strict=True)]
    length = sum(phones for _, phones in counts)
    if length == 0:
        raise InputError("the sentences hold no phones; expected at least one word.")
    return sum(edits for edits, _ in counts) / length


class WordErrors(NamedTuple):
    """What is wrong with guesses at the pronunciation of words."""

    word_error_rate: float  # the share of words that match none of their pronunciations
    phone_error_rate: float  # edits to the nearest pronunciation, over all its phones
    wrong: tuple[bool, ...]  # word by word


def word_errors(
    guesses: Sequence[Sequence[str]], ways: Sequence[Sequence[Sequence[str]]], stress: bool = True
) -> WordErrors:
    """Compare guesses with the ways to say each word, word by word; without `stress` its digits are dropped.

    Raises:
        InputError: there are no words, or not as many guesses as words.
    """
    digits = "" if stress else "012"

    def bare(phones: Sequence[str]) -> tuple[str, ...]:
        return tuple(phone.rstrip(digits) for phone in phones)

    if not ways or len(guesses) != len(ways):
        raise InputError(f"{len(guesses)} guesses at {len(ways)} words; expected one for each of some words.")
    said, expected = [bare(guess) for guess in guesses], [[bare(way) for way in word] for word in ways]
    wrong = tuple(guess not in word for guess, word in zip(said, expected, strict=True))
    return WordErrors(sum(wrong) / len(wrong), phone_error_rate([[word] for word in expected], said), wrong)


def _advance(row: list[tuple[int, int]], phones: Sequence[str], heard: Sequence[str]) -> list:
    for phone in phones:
        following = [(row[0][0] + 1, row[0][1] - 1)]
        for column, found in enumerate(heard):
            matched = (row[column][0] + (phone != found), row[column][1] - 1)
            missed = (row[column + 1][0] + 1, row[column + 1][1] - 1)
            added = (following[-1][0] + 1, following[-1][1])
            following.append(min(matched, missed, added))
        row = following
    return row
