"""Mandarin text as syllables and phonemes: numbers, polyphones, initials and finals, tone sandhi.

Which reading a character has is looked up with pypinyin. All that follows is computed here: the parts of a
syllable, and how tones change beside each other. A syllable is written as pinyin with its tone behind it,
``"lao3"``, with v for ü, and 5 for the neutral tone.
"""

import functools
import re
import unicodedata
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from deepsense_lib.errors import InputError, MissingDependencyError
from deepsense_lib.speech.characters import describe
from deepsense_lib.speech.mandarin_numbers import DIGITS, RULES
from deepsense_lib.speech.phonemes import PAD, SILENCE, Pronunciation

INITIALS = tuple("b p m f d t n l g k h j q x zh ch sh r z c s".split())
FINALS = tuple(
    "a ai an ang ao e ei en eng er o ong ou i ia ian iang iao ie in ing iong iou io ii "
    "u ua uai uan uang uei uen ueng uo v van ve vn".split()
)
TONES = "12345"
SYMBOLS = (PAD, SILENCE, *INITIALS, *sorted(final + tone for final in FINALS for tone in TONES))
PAUSES = "，。？！"
_STRENGTH = " ，。！？"
_MARKS = {**dict.fromkeys(',、;；:：…—·()（）《》「」“”"', "，"), ".": "。", "?": "？", "!": "！"}
_SPELLED = {
    "yi": "i", "ya": "ia", "yan": "ian", "yang": "iang", "yao": "iao", "ye": "ie", "yin": "in", "ying": "ing",
    "yo": "io", "yong": "iong", "you": "iou", "yu": "v", "yuan": "van", "yue": "ve", "yun": "vn",
    "wu": "u", "wa": "ua", "wai": "uai", "wan": "uan", "wang": "uang", "wei": "uei", "wen": "uen",
    "weng": "ueng", "wo": "uo",
}  # fmt: skip
_SHORT = {"iu": "iou", "ui": "uei", "un": "uen"}
_NUMERALS = frozenset(DIGITS + "〇两十百千万亿")
_AS_ORDINAL = frozenset("月号日楼")  # 一月 is the first month


class Parts(NamedTuple):
    """The parts of a syllable; the initial is empty where it begins with its final."""

    initial: str
    final: str
    tone: int


def normalize(text: str) -> str:
    """Write a Mandarin text as it is spoken: Chinese characters, spaces, and the pause marks ``，。？！``.

    Numbers become characters. Spaces between words are kept: they tell `sandhi` where words end. What has no
    Mandarin reading here, Latin letters for instance, is left out with a warning. Normalising again changes
    nothing.

    Raises:
        InputError: the text is empty, or holds nothing that can be spoken.
    """
    if not isinstance(text, str) or not text.strip():
        raise InputError("the text is empty, expected Chinese characters. Type a sentence.")
    said = unicodedata.normalize("NFKC", text)
    for pattern, reading in RULES:
        said = pattern.sub(lambda match, reading=reading: _apply(reading, match), said)
    said = "".join(_MARKS.get(character, character) for character in said)
    lost = dict.fromkeys(c for c in said if not (_is_character(c) or c in PAUSES or c.isspace()))
    said = "".join(" " if c in lost or c.isspace() else c for c in said)
    # Of a run of marks the strongest stays.
    said = re.sub(rf"\s*[{PAUSES}][{PAUSES}\s]*", lambda run: max(run[0].strip(), key=_STRENGTH.find), said)
    said = re.sub(r"\s+", " ", said).strip().lstrip(PAUSES).strip()
    if not any(map(_is_character, said)):
        raise InputError(
            f"nothing in the text can be spoken: found {describe(''.join(lost) or text)}. Expected Chinese "
            "characters and numbers."
        )
    if lost:
        warnings.warn(
            f"left out, since they have no Mandarin reading: {describe(''.join(lost))}", stacklevel=2
        )
    return said


def to_pinyin(text: str, change_tones: bool = True) -> list[str]:
    """Give the syllables of a text, and its pause marks; with `change_tones` as they are said in a row.

    Raises:
        InputError: there is nothing to speak.
        MissingDependencyError: pypinyin is not installed.
    """
    said: list[str] = []
    for phrase in re.split(rf"([{PAUSES}])", normalize(text)):
        if phrase in PAUSES:
            said += [phrase] if phrase else []
            continue
        words = segment(phrase)
        syllables = _dictionary_reading("".join(words))
        said += sandhi(words, syllables) if change_tones else syllables
    return said


def phonemize(text: str) -> Pronunciation:
    """Turn a text into the symbols of `SYMBOLS`, beginning and ending with SIL; each syllable is a word.

    Raises:
        InputError, MissingDependencyError: as `to_pinyin`.
    """
    symbols, starts = [SILENCE], [0]
    for syllable in to_pinyin(text):
        if syllable in PAUSES:
            symbols.append(SILENCE)
            starts.append(0)
            continue
        initial, final, tone = split_syllable(syllable)
        parts = [initial, f"{final}{tone}"] if initial else [f"{final}{tone}"]
        symbols += parts
        starts += [1] + [0] * (len(parts) - 1)
    if symbols[-1] != SILENCE:
        symbols.append(SILENCE)
        starts.append(0)
    return Pronunciation(tuple(symbols), tuple(starts))


def split_syllable(syllable: str) -> Parts:
    """Take a syllable apart: "xue2" is x, ve, 2. Spelling is undone: y and w are no initials, jiu is j, iou.

    The vowel that zhi, chi, shi, ri, zi, ci and si hold back is written ii: it is not the i of li.

    Raises:
        InputError: the syllable has no tone behind it, or is none of Mandarin.
    """
    letters, tone = syllable[:-1], syllable[-1:]
    initial = next((i for i in sorted(INITIALS, key=len, reverse=True) if letters.startswith(i)), "")
    final = letters.removeprefix(initial)
    if not initial:
        final = _SPELLED.get(letters, letters)
    elif initial in ("j", "q", "x") and final.startswith("u"):
        final = "v" + final[1:]
    elif final == "i" and initial in ("zh", "ch", "sh", "r", "z", "c", "s"):
        final = "ii"
    final = {**_SHORT, "vn": "vn"}.get(final, final) if initial else final
    if final not in FINALS or tone not in TONES or not tone:
        raise InputError(
            f"the syllable {syllable!r} was given; expected pinyin with its tone, such as 'lao3'."
        )
    return Parts(initial, final, int(tone))


def sandhi(words: Sequence[str], syllables: Sequence[str]) -> list[str]:
    """Change tones as they are said in a row, from those of the dictionary; for one phrase without a pause.

    Three rules: 一 and 不 by what follows; then a third tone before a third tone is said as a second tone,
    first inside words, then between them. So 展览馆 becomes 2 2 3, and 小 老虎 stays 3 2 3.

    Args:
        words: the characters, word by word.
        syllables: one for each character, with the tones of the dictionary.

    Raises:
        InputError: there are not as many syllables as characters.
    """
    characters = "".join(words)
    if len(characters) != len(syllables):
        raise InputError(
            f"{len(characters)} characters and {len(syllables)} syllables; expected one for each."
        )
    ends = {sum(map(len, words[: k + 1])) - 1 for k in range(len(words)) if len(words[k]) > 1}
    said = [_reset(c, s) for c, s in zip(characters, syllables, strict=True)]
    said = [_yi_bu(characters, said, k, k in ends) for k in range(len(said))]
    start = 0
    for word in words:
        for k in range(start, start + len(word) - 1):
            # Within a word each syllable looks at the tone that the next one has by itself.
            if said[k][-1] == said[k + 1][-1] == "3":
                said[k] = said[k][:-1] + "2"
        start += len(word)
    borders = [sum(map(len, words[: k + 1])) for k in range(len(words) - 1)]
    for border in borders:
        if said[border - 1][-1] == said[border][-1] == "3":
            said[border - 1] = said[border - 1][:-1] + "2"
    return said


def segment(phrase: str) -> list[str]:
    """Cut a phrase into words: at its spaces, and before and after the longest words of a short list."""
    words: list[str] = []
    for part in phrase.split():
        while part:
            length = next((n for n in (4, 3, 2) if part[:n] in _word_list() and len(part) >= n), 1)
            words.append(part[:length])
            part = part[length:]
    return words


def _reset(character: str, syllable: str) -> str:
    """Give 一 and 不 the tone that they have alone; dictionaries mix it with the tone beside others."""
    return {"一": "yi1", "不": "bu4"}.get(character, syllable)


def _yi_bu(characters: str, said: Sequence[str], k: int, ends_word: bool) -> str:
    """Say 一 or 不 by its neighbours; any other syllable stays."""
    character = characters[k]
    before, after = characters[k - 1 : k] if k else "", characters[k + 1 : k + 2]
    if character not in ("一", "不") or not after:
        return said[k]
    if before and before == after:
        return said[k][:-1] + "5"  # 看一看, 好不好
    falls = said[k + 1][-1] in "4"
    if character == "不":
        return "bu2" if falls else "bu4"
    counts = before in _NUMERALS or before in ("第", "初") or after in DIGITS + "〇点"
    if ends_word or counts or after in _AS_ORDINAL:
        return "yi1"
    return "yi2" if falls else "yi4"


def _apply(reading, match: re.Match) -> str:
    """Replace a match by its reading; leave it when the reading is None."""
    words = reading(match)
    return match[0] if words is None else words


def _is_character(character: str) -> bool:
    """Tell whether this is a Chinese character."""
    return "\u4e00" <= character <= "\u9fff" or character == "〇"


def _dictionary_reading(characters: str) -> list[str]:
    """Read characters one by one, polyphones by the phrase that they stand in."""
    try:
        import pypinyin
    except ImportError:
        raise MissingDependencyError("pypinyin") from None
    found = pypinyin.lazy_pinyin(
        characters, style=pypinyin.Style.TONE3, v_to_u=False, neutral_tone_with_five=True, errors="exception"
    )
    return [syllable.replace("ü", "v") for syllable in found]


@functools.cache
def _word_list() -> frozenset[str]:
    """Read the short list of words of two to four characters."""
    text = Path(__file__).with_name("mandarin_words.txt").read_text(encoding="utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())
