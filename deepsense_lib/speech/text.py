"""English text made ready for speech: what is written becomes what is said."""

import re
import warnings

from deepsense_lib.errors import InputError
from deepsense_lib.speech import written_numbers, written_words
from deepsense_lib.speech.characters import describe, fold

LONGEST = 200  # characters of spoken text in one piece, about a dozen seconds
_RULES = [*written_words.BEFORE_NUMBERS, *written_numbers.RULES, *written_words.AFTER_NUMBERS]
_END = re.compile(r"(?<![.?!…])[.?!…]+[\"'”’)\]]*(?=\s)|[。！？｡]+[」』”’]*|\n\s*\n")
_NEVER_LAST = {*written_words.TITLES, *written_words.BEFORE_A_NUMBER, "vs", "approx", "cf"}


def normalize(text: str) -> str:
    """Write a text as it is spoken: lower-case words with the pause marks ``, . ? !``.

    Numbers, dates, times, money, units, abbreviations, addresses and signs become words; what is
    spelled becomes single letters ("PBX" is "p b x"). Accents are dropped. Emoji and other scripts
    have no English reading: they are left out with a warning. The result holds ``a-z``, apostrophes
    inside words, the four marks and single spaces, and normalising it again changes nothing.

    Raises:
        InputError: the text is empty, or holds nothing that can be spoken; the message names what
            was found.
    """
    spoken, lost = _spoken(_checked(text))
    if not spoken:
        _refuse(text)
    if lost:
        warnings.warn(f"left out, since they have no English reading: {describe(lost)}", stacklevel=2)
    return spoken


def split_sentences(text: str, longest: int = LONGEST) -> list[str]:
    """Split a text into pieces of a sentence or less, each fit for `normalize`.

    Sentences end at ``. ? !``, at their Chinese and Japanese forms, and at blank lines; not at the
    points of abbreviations, initials and decimals. A piece whose spoken form has more than `longest`
    characters is divided near its middle, at a comma, else between words, else anywhere. Pieces that
    hold nothing to speak are left out.

    Raises:
        InputError: the text is empty, or no piece holds anything that can be spoken.
    """
    if longest < 100:
        raise InputError(
            f"longest is {longest}, expected at least 100: one number word alone may need that much."
        )
    pieces = [part for sentence in _sentences(_checked(text)) for part in _divide(sentence, longest)]
    if not pieces:
        _refuse(text)
    return pieces


def _checked(text: str) -> str:
    """Return the text, or raise InputError if it is no text or blank."""
    if not isinstance(text, str):
        raise InputError(f"the text is of type {type(text).__name__}, expected a string.")
    if not text.strip():
        raise InputError("the text is empty, expected English words. Type a sentence.")
    return text


def _refuse(text: str) -> None:
    """Raise InputError for a text without anything to speak."""
    found = "".join(dict.fromkeys(character for character in text if not character.isspace()))
    raise InputError(
        f"nothing in the text can be spoken: found {describe(found)}. Expected English words, numbers or "
        "signs such as & and %. Write the text in Latin letters."
    )


def _spoken(text: str) -> tuple[str, str]:
    """Give the spoken form, possibly empty, and the characters that were left out."""
    text, lost = fold(text)
    text = re.sub(r"\n\s*\n", " . ", text)
    text = re.sub(r"\s+", " ", text)
    for pattern, reading in _RULES:
        text = pattern.sub(lambda match, reading=reading: _apply(reading, match), text)
    text = re.sub(r"--+|\s-+\s|[;:()\[\]{}]", ",", text.lower())
    text = re.sub(r"[^a-z',.?!]", " ", text)
    words = re.sub(r"(?<![a-z])'+|'+(?![a-z])", " ", text)
    return _join_marks(words), lost


def _apply(reading, match: re.Match) -> str:
    """Replace a match by its reading between spaces; leave it when the reading is None."""
    words = reading(match)
    return match[0] if words is None else f" {words} "


def _join_marks(text: str) -> str:
    """Put single spaces between words, and of each run of marks the strongest behind a word."""
    tokens = []
    for token in re.findall(r"[a-z']+|[,.?!]", text):
        if token not in ",.?!":
            tokens.append(token)
        elif tokens and tokens[-1][-1] not in ",.?!":
            tokens[-1] += token
        elif tokens and ",.!?".index(token) > ",.!?".index(tokens[-1][-1]):
            tokens[-1] = tokens[-1][:-1] + token
    return " ".join(map(written_words.write_out, tokens))


def _sentences(text: str) -> list[str]:
    """Split at the ends of sentences."""
    sentences, start = [], 0
    for end in _END.finditer(text):
        if end[0].startswith(".") and end[0].rstrip("\"'”’)]") == "." and _is_abbreviated(text, end):
            continue
        sentences.append(text[start : end.end()])
        start = end.end()
    return [sentence.strip() for sentence in [*sentences, text[start:]] if sentence.strip()]


def _is_abbreviated(text: str, end: re.Match) -> bool:
    """Tell whether the full stop at `end` belongs to an abbreviation inside a sentence."""
    before = re.search(r"[^\s(\"']*$", text[max(0, end.start() - 40) : end.start()])[0]
    rest = text[end.end() : end.end() + 40]
    if rest.lstrip()[:1].islower():
        return True
    if before.lower() in _NEVER_LAST:
        return before.lower() not in written_words.BEFORE_A_NUMBER or rest.lstrip()[:1].isdigit()
    initial = re.fullmatch(r"[A-HJ-Z]|(?:[A-Za-z]\.)+[A-Za-z]", before)
    known = before.lower() in written_words.ABBREVIATIONS or before.lower() in written_words.DATES
    return bool(initial or known) and not written_words.ends_sentence(rest)


def _divide(piece: str, longest: int) -> list[str]:
    """Divide a piece until the spoken form of each part is short enough; drop what is not spoken."""
    spoken, _ = _spoken(piece)
    if not spoken:
        return []
    if len(spoken) <= longest:
        return [piece]
    middle = len(piece) // 2
    for pattern in (r"[,;:，、；]\s+|[，、；]", r"\s+"):
        breaks = [found.end() for found in re.finditer(pattern, piece) if found.end() < len(piece)]
        # A comma near either end would leave a stump.
        breaks = [at for at in breaks if pattern == r"\s+" or len(piece) < 6 * min(at, len(piece) - at)]
        if breaks:
            middle = min(breaks, key=lambda at: abs(at - middle))
            break
    return _divide(piece[:middle].strip(), longest) + _divide(piece[middle:].strip(), longest)
