"""Pronunciations for words that no dictionary holds, learned from the words that one does.

A joint-sequence model: each letter is paired with the zero, one or two phonemes that it stands for,
and a word becomes a sequence of such pairs, ``p:F h:_ o:OW1 n:N e:_``. An n-gram model over pairs is
counted from the aligned dictionary, and the best sequence whose letters spell the word is searched
for. `tools/build_letter_to_sound.py` counts the table that ships beside this file.

Source: Bisani and Ney, Joint-sequence models for grapheme-to-phoneme conversion, Speech
Communication 50 (2008), here with one letter a pair and a pruned model.
"""

import functools
import hashlib
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from deepsense_lib.errors import DataError

TABLE = Path(__file__).with_name("letter_to_sound.npz")
STEP = 0.05  # nats: the table holds log-probabilities in multiples of this
BEAM = 12  # sequences kept after each letter
_LONGEST = 24  # letters searched at once; longer strings are cut


class Model:
    """An n-gram model over pairs of a letter and its phonemes, with back-off.

    Args:
        pairs: pairs as ``"x:K S"``; the letters come first, pair 0 is the end of the word.
        ngrams: for each known n-gram, a tuple of pair numbers, its log-probability and its back-off
            weight, both in nats. A word begins with the end pair.
    """

    def __init__(self, pairs: list[str], ngrams: dict[tuple[int, ...], tuple[float, float]]):
        self.ngrams = ngrams
        self.order = max(map(len, ngrams))
        self.phonemes = [tuple(pair.split(":")[1].split()) for pair in pairs]
        self.of_letter: dict[str, list[int]] = {}
        for number, pair in enumerate(pairs):
            self.of_letter.setdefault(pair[0], []).append(number)

    def log_probability(self, history: tuple[int, ...], pair: int) -> float:
        """Give ``log P(pair | history)``, from the longest history that was counted.

        Source: Katz (1987), Estimation of probabilities from sparse data for the language model component
        of a speech recognizer, for backing off; the weights make what is left after pruning add up.
        Equation: eq-back-off
        """
        penalty = 0.0
        while history:
            found = self.ngrams.get((*history, pair))
            if found:
                return penalty + found[0]
            penalty += self.ngrams.get(history, (0.0, 0.0))[1]
            history = history[1:]
        return penalty + self.ngrams[(pair,)][0]

    def pronounce(self, letters: str, beam: int = BEAM) -> tuple[str, ...]:
        """Search the most probable phonemes of a word of the letters a to z."""
        hypotheses = {(0,): (0.0, ())}
        for letter in [*letters, "#"]:
            extended: dict[tuple[int, ...], tuple[float, tuple[str, ...]]] = {}
            for history, (score, phonemes) in hypotheses.items():
                for pair in self.of_letter[letter]:
                    total = score + self.log_probability(history, pair)
                    state = (*history, pair)[-(self.order - 1) :]
                    # Of two sequences that end alike only the better one can win.
                    if state not in extended or total > extended[state][0]:
                        extended[state] = (total, phonemes + self.phonemes[pair])
            best = sorted(extended.items(), key=lambda item: -item[1][0])[:beam]
            hypotheses = dict(best)
        return max(hypotheses.values())[1]


def pronounce(word: str) -> tuple[str, ...]:
    """Guess the phonemes of a lower-case word, ARPAbet with stress; empty if it has no vowel sound.

    Other characters than a to z are passed over. The first main stress is kept, later ones are made
    secondary, and a word without one gets it on its first vowel.
    """
    letters = "".join(letter for letter in word if "a" <= letter <= "z")
    pieces = [letters[start : start + _LONGEST] for start in range(0, len(letters), _LONGEST)]
    phonemes = [phoneme for piece in pieces for phoneme in _model().pronounce(piece)]
    return one_main_stress(phonemes) if any(phoneme[-1].isdigit() for phoneme in phonemes) else ()


def one_main_stress(phonemes: Sequence[str]) -> tuple[str, ...]:
    """Keep the first main stress, make later ones secondary; without one the first vowel gets it."""
    vowels = [place for place, phoneme in enumerate(phonemes) if phoneme[-1].isdigit()]
    main = next((place for place in vowels if phonemes[place][-1] == "1"), vowels[0] if vowels else None)
    said = list(phonemes)
    for place in vowels:
        stress = "1" if place == main else said[place][-1].replace("1", "2")
        said[place] = said[place][:-1] + stress
    return tuple(said)


def held_out(word: str) -> bool:
    """Tell whether a word was kept from the training, about one in 25, the same on every machine."""
    return int(hashlib.sha256(word.encode()).hexdigest(), 16) % 25 == 0


def pack(pairs: list[str], ngrams: dict[tuple[int, ...], tuple[float, float]]) -> dict[str, np.ndarray]:
    """Lay out a model as small arrays: n-grams sorted, each as its last pair under its history."""
    keys = sorted(ngrams, key=lambda key: (len(key), key))
    place = {key: number for number, key in enumerate(keys)}
    parents = np.array([place[key[:-1]] + 1 if len(key) > 1 else 0 for key in keys])
    steps = np.round(np.array([ngrams[key] for key in keys]) / -STEP)
    return {
        "pairs": np.array("|".join(pairs)),
        "last": np.array([key[-1] for key in keys], np.uint16),
        "children": np.bincount(parents, minlength=len(keys) + 1).astype(np.uint16),
        "log_probability": np.clip(steps[:, 0], 0, 255).astype(np.uint8),
        "back_off": np.clip(steps[:, 1] + 64, 0, 255).astype(np.uint8),
    }


def unpack(arrays: dict[str, np.ndarray]) -> Model:
    """Rebuild the model that `pack` laid out."""
    last = arrays["last"].tolist()
    log_probability = (arrays["log_probability"] * -STEP).tolist()
    back_off = ((arrays["back_off"].astype(float) - 64) * -STEP).tolist()
    keys: list[tuple[int, ...]] = [()]
    parents = np.repeat(np.arange(len(arrays["children"])), arrays["children"]).tolist()
    for parent, pair in zip(parents, last, strict=True):
        keys.append((*keys[parent], pair))
    ngrams = dict(zip(keys[1:], zip(log_probability, back_off, strict=True), strict=True))
    return Model(str(arrays["pairs"]).split("|"), ngrams)


@functools.cache
def _model() -> Model:
    """Load the shipped table once."""
    try:
        with np.load(TABLE, allow_pickle=False) as arrays:
            return unpack(dict(arrays))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(
            f"the table '{TABLE.name}' of the letter-to-sound rules cannot be read ({error}). "
            "Install the package again, or run tools/build_letter_to_sound.py."
        ) from None
