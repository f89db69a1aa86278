"""Any Unicode text folded to the characters that English normalisation knows."""

import functools
import re
import unicodedata

# Kept besides ASCII: the rules of `written_numbers` read them.
_KEPT = "£€¥₹¢°µ²³"
_PAUSES = {"。": ". ", "｡": ". ", "、": ", ", "，": ", ", "；": "; ", "：": ": ", "？": "? ", "！": "! "}
_PAUSES |= {"—": ", ", "―": ", ", "…": "... ", "•": ", ", "·": ", ", "¿": "", "¡": "", "¶": ". "}
_QUOTES = dict.fromkeys("‘’‛′`´ʼ", "'") | dict.fromkeys("“”„‟″«»‹›「」『』", '"')
_DASHES = dict.fromkeys("‐‑‒–−", "-")
_WORDS = {
    "×": " times ",
    "÷": " divided by ",
    "±": " plus or minus ",
    "≈": " approximately ",
    "≠": " is not equal to ",
    "≤": " is at most ",
    "≥": " is at least ",
    "∞": " infinity ",
    "√": " square root of ",
    "‰": " per mille ",
    "§": " section ",
    "©": " copyright ",
    "®": " registered ",
    "™": " trademark ",
    "№": " number ",
    "→": " to ",
    "μ": "µ",
    "Ω": " ohms ",
}
_LETTERS = {"ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D"}
_LETTERS |= {"ł": "l", "Ł": "L", "þ": "th", "Þ": "Th", "ð": "th", "Ð": "Th", "ı": "i", "ħ": "h"}
_TABLE = str.maketrans(_PAUSES | _QUOTES | _DASHES | _WORDS | _LETTERS)
# Characters that are drawn as nothing, or only change the one before (joiners, selectors, skin tones).
_INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff\U0001f3fb-\U0001f3ff]"
)


def fold(text: str) -> tuple[str, str]:
    """Fold a text to ASCII and the few signs that have rules; also give what had to be left out.

    Curly quotes, dashes, full-width forms and ligatures get their plain form, accents are dropped,
    signs such as × and single Greek letters get their names. Emoji and other scripts have no English
    reading and are left out.

    Returns:
        The folded text, and the characters left out, each once, in order.
    """
    text = _INVISIBLE.sub("", text)
    text = re.sub(r"(?<=\d)(?=[½⅓¼¾⅔⅛⅜⅝⅞⅕⅖⅗⅘⅙⅚])", " ", text)  # 2½ is 2 1/2, not 21/2
    folded, lost = [], {}
    for character in text.translate(_TABLE):
        plain = character if character.isascii() or character in _KEPT else _plain(character)
        if plain is None:
            lost[character] = True
            plain = " "
        folded.append(plain)
    return "".join(folded), "".join(lost)


@functools.lru_cache(maxsize=4096)
def _plain(character: str) -> str | None:
    """Give the plain form of one character, or None if it has none."""
    if character.isspace():
        return "\n\n" if character in "\u2028\u2029" else " "
    name = unicodedata.name(character, "")
    if name.startswith("GREEK") and " LETTER " in name:
        letter = name.split(" LETTER ")[1].split(" WITH ")[0]
        return f" {letter.removeprefix('FINAL ').lower().replace('lamda', 'lambda')} "
    plain = unicodedata.normalize("NFKD", character).translate(_TABLE).replace("\u2044", "/")
    plain = "".join(part for part in plain if not unicodedata.combining(part))
    if not plain and unicodedata.combining(character):
        return ""
    return plain if plain and all(part.isascii() or part in _KEPT for part in plain) else None


def describe(characters: str, most: int = 5) -> str:
    """Name characters for a message: ``'é' (LATIN SMALL LETTER E WITH ACUTE)``."""
    named = [f"{character!r} ({unicodedata.name(character, 'no name')})" for character in characters[:most]]
    more = len(characters) - most
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")
