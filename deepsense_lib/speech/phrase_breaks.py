"""Where a text invites a pause: what is known about each place between two words."""

import itertools
import re
from collections.abc import Sequence

import numpy as np

_COORDINATORS = frozenset("and or but nor so".split())
_SUBORDINATORS = frozenset(
    "when while if because until before after who which that where although as".split()
)
_LEANING = frozenset(  # what leans on the next word: nobody pauses behind it
    "a an the this that these those my your his her its our their of in on at to for from with by as and or "
    "but if when while is are was were will would can could may been be has have had not no please i you he "
    "she it we they".split()
)
_NUMBERS = frozenset("one two three four five six seven eight nine ten zero".split())
FEATURES = (
    "comma", "end mark", "comma after 3 words or fewer", "comma before a command", "coordinator follows",
    "coordinator between long halves", "subordinator follows", "subordinator between long halves",
    "to follows", "to follows a number", "leans on the next word", "words since the mark before",
    "words to the mark after",
)  # fmt: skip
_COMMANDS = frozenset("press dial enter say visit please record".split())


def words_and_marks(spoken: str) -> tuple[list[str], list[str]]:
    """Split a normalised text into words and the mark behind each, "" where there is none."""
    found = re.findall(r"([a-z']+)([,.?!]?)", spoken)
    return [word for word, _ in found], [mark for _, mark in found]


def places(spoken: str) -> np.ndarray:
    """Describe every place between two words of a normalised text: floats (words - 1, FEATURES).

    All features lie between 0 and 1, so that one step of learning suits all.
    """
    words, marks = words_and_marks(spoken)
    rows = []
    for k in range(len(words) - 1):
        since = next((n for n in range(k) if marks[k - 1 - n]), k) + 1
        until = next((n for n in range(len(words) - 1 - k) if marks[k + 1 + n]), len(words) - 2 - k) + 1
        comma, after, halves = marks[k] == ",", words[k + 1], min(since, until) >= 3
        rows.append(
            [
                comma,
                marks[k] not in ("", ","),
                comma and since <= 3,
                comma and after in _COMMANDS,
                after in _COORDINATORS,
                after in _COORDINATORS and halves,
                after in _SUBORDINATORS,
                after in _SUBORDINATORS and halves,
                after == "to",
                after == "to" and words[k] in _NUMBERS,
                words[k] in _LEANING,
                min(since, 8) / 8,
                min(until, 8) / 8,
            ]
        )
    return np.array(rows, dtype=float).reshape(-1, len(FEATURES))


def pauses(symbols: Sequence[str], word_starts: Sequence[int], silence: str = "SIL") -> np.ndarray:
    """Tell after which words, the last excepted, a speaker paused: (words - 1,) of 0 and 1."""
    starts = [k for k, start in enumerate(word_starts) if start]
    return np.array([float(silence in symbols[a:b]) for a, b in itertools.pairwise(starts)])
