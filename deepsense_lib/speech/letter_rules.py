"""Letters to phonemes by rules written by hand: how far one gets without a dictionary.

The rules, `letter_rules.tsv`, are tried in their order at each place of a word; the first whose letters and
neighbours fit says its phonemes and moves on. Neighbours are patterns of what came before, and of what
follows.

The plan is that of Elovitz and others (1976), Letter-to-sound rules for automatic translation of English text
to phonetics, with fewer rules, which were written for this book.
"""

import functools
import re
from typing import NamedTuple

from deepsense_lib.speech.letter_to_sound import one_main_stress
from deepsense_lib.speech.lexicon import read_table

_SHORT = ("AA", "AE", "AH", "EH")  # weak and all alike where there is no stress
_SIGNS = {"V": "[aeiouy]", "C": "[bcdfghjklmnpqrstvwxz]", "-": ""}


class Rule(NamedTuple):
    """Letters, the phonemes that they stand for, and patterns of the neighbours that they need."""

    letters: str
    phonemes: tuple[str, ...]
    before: re.Pattern
    after: re.Pattern


def pronounce(word: str) -> tuple[str, ...]:
    """Say a lower-case word by the rules, ARPAbet with one main stress; other characters are passed over."""
    said = one_main_stress([phone for _, phones in steps(word) for phone in phones])
    weak = [phone[:-1] in _SHORT and phone[-1] == "2" for phone in said]
    return tuple(
        "AH0" if w else p.replace("IH2", "IH0").replace("ER2", "ER0") for p, w in zip(said, weak, strict=True)
    )


def steps(word: str) -> list[tuple[str, tuple[str, ...]]]:
    """Show which letters of a word gave which phonemes, before stress is settled."""
    word = "".join(letter for letter in word if "a" <= letter <= "z")
    word = re.sub(r"([bdfklmnprtz])\1", r"\1", word)  # two equal consonants sound like one
    taken, at = [], 0
    while at < len(word):
        rule = next(rule for rule in rules() if _fits(rule, word, at))
        taken.append((rule.letters, rule.phonemes))
        at += len(rule.letters)
    return taken


def _fits(rule: Rule, word: str, at: int) -> bool:
    """Tell whether a rule may be used at this place."""
    if not word.startswith(rule.letters, at) or not rule.after.match(word, at + len(rule.letters)):
        return False
    return bool(rule.before.search(word[:at]))


@functools.cache
def rules() -> tuple[Rule, ...]:
    """Read the rules."""
    found = []
    for letters, phonemes, before, after in read_table("letter_rules.tsv"):
        before, after = (
            re.sub("[VC-]", lambda sign: _SIGNS[sign[0]], pattern) for pattern in (before, after)
        )
        phones = tuple(phonemes.replace("-", "").split())
        found.append(Rule(letters, phones, re.compile(f"(?:{before})$" if before else ""), re.compile(after)))
    return tuple(found)
