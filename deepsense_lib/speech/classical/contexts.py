"""What a decision tree may ask about a phone: itself, its neighbours, its place in word and phrase."""

from collections.abc import Sequence

import numpy as np

KINDS = {  # questions about a phone and its neighbours, as in HTS
    "vowel": "AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW",
    "front": "IY IH EY EH AE",
    "back": "UW UH OW AO AA",
    "high": "IY IH UW UH",
    "low": "AE AA AO AW AY",
    "round": "UW UH OW AO OY W",
    "diphthong": "EY AY OY AW OW",
    "voiced": "AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW B D G V DH Z ZH JH M N NG L R W Y",
    "plosive": "P T K B D G CH JH",
    "fricative": "F V TH DH S Z SH ZH HH CH JH",
    "sibilant": "S Z SH ZH CH JH",
    "nasal": "M N NG",
    "glide": "L R W Y",
    "labial": "P B M F V W",
    "alveolar": "T D N S Z L",
    "palatal": "SH ZH CH JH Y",
    "velar": "K G NG",
    "rhotic": "R ER",
    "lateral": "L",
    "silence": "SIL",
}
_OF = {kind: frozenset(names.split()) for kind, names in KINDS.items()}


def questions(symbols: Sequence[str], word_starts: Sequence[int]) -> np.ndarray:
    """Answer the questions about each symbol of a text, float32 `(symbols, questions)`.

    Kinds and stress of the phone and of two on either side; place in the word; syllables to the pause before
    and after; how far through the text.
    """
    bare = ["SIL", "SIL", *(s.rstrip("012") for s in symbols), "SIL", "SIL"]
    stress = [-1, -1, *(int(s[-1]) if s[-1].isdigit() else -1 for s in symbols), -1, -1]
    kinds = np.array([[name in _OF[kind] for kind in KINDS] for name in bare], np.float32)
    count = len(symbols)
    columns = [kinds[offset : offset + count] for offset in range(5)]
    columns += [np.array(stress[offset : offset + count], np.float32)[:, None] for offset in range(1, 4)]
    vowel = np.array([s[-1].isdigit() for s in symbols], bool)
    pause = np.array([s == "SIL" for s in symbols], bool)
    starts = np.asarray(word_starts, bool)
    columns.append(_since(starts | pause, np.ones(count)))
    columns.append(_since((np.append(starts[1:], True) | pause)[::-1], np.ones(count))[::-1])
    columns.append(_since(pause, vowel))
    columns.append(_since(pause[::-1], vowel[::-1])[::-1])
    columns.append(np.linspace(0, 1, count, dtype=np.float32)[:, None])
    columns.append(np.full((count, 1), count, np.float32))
    return np.concatenate(columns, axis=1).astype(np.float32)


def _since(reset: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Count what was met since the last reset, `(n, 1)`."""
    found, total = [], 0.0
    for again, more in zip(reset, counted, strict=True):
        total = 0.0 if again else total + float(more)
        found.append(total)
    return np.array(found, np.float32)[:, None]
