"""One interface to the front ends of both languages, and the parts of a text that belong to each."""

import re
from collections.abc import Callable
from typing import NamedTuple

from deepsense_lib.errors import InputError
from deepsense_lib.speech import mandarin, phonemes, text
from deepsense_lib.speech.phonemes import Pronunciation

_CHINESE = re.compile(r"[\u3001-\u3003\u3005-\u3011\u4e00-\u9fff\uff01-\uff0f\uff1a-\uff1f]")


class FrontEnd(NamedTuple):
    """What turns text of one language into symbols.

    Every front end keeps four promises: `normalize` leaves no digit, and changes nothing when it is applied
    again; `phonemize` gives known symbols only, begins and ends with silence, and marks where words (in
    Mandarin: syllables) start.
    """

    language: str
    symbols: tuple[str, ...]
    normalize: Callable[[str], str]
    phonemize: Callable[[str], Pronunciation]


ENGLISH = FrontEnd(
    "en", phonemes.SYMBOLS, text.normalize, lambda written: phonemes.phonemize(written, substitutes={})
)
MANDARIN = FrontEnd("zh", mandarin.SYMBOLS, mandarin.normalize, mandarin.phonemize)
FRONT_ENDS = {front_end.language: front_end for front_end in (ENGLISH, MANDARIN)}


def front_end(language: str) -> FrontEnd:
    """Give the front end of a language, "en" or "zh".

    Raises:
        InputError: there is none.
    """
    if language not in FRONT_ENDS:
        raise InputError(f"the language is {language!r}, expected one of {', '.join(FRONT_ENDS)}.")
    return FRONT_ENDS[language]


def by_script(text: str) -> list[tuple[str, str]]:
    """Cut a text into pieces of one language each, by script: (language, piece), nothing lost.

    Digits, spaces and marks belong to the piece before them, or to the first piece that has letters.
    """
    pieces: list[list[str]] = []
    waiting = ""
    for character in text:
        language = "zh" if _CHINESE.match(character) else "en" if character.isalpha() else ""
        if not language and not pieces:
            waiting += character
        elif not language or (pieces and pieces[-1][0] == language):
            pieces[-1][1] += character
        else:
            pieces.append([language, waiting + character])
            waiting = ""
    if waiting:
        pieces.append(["en", waiting])
    return [(language, piece) for language, piece in pieces]
