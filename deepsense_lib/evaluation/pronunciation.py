"""Errors of phones where words may be said in several ways."""

from collections.abc import Sequence

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
