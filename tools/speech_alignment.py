"""Find out when each phone of a recording is spoken.

pocketsphinx aligns the words with phone models of many speakers, choosing among the pronunciations of our
lexicon and hearing where the speaker pauses. Its frames last 10 ms and start where their window starts.
"""

import re
import tempfile
from dataclasses import dataclass, replace

import numpy as np

from deepsense_lib.errors import DataError
from deepsense_lib.speech import phonemes

RATE = 16000
WINDOW = 0.0256  # seconds that pocketsphinx hears at once
STOPS = frozenset("B CH D G JH K P T".split())
SHORTEST_PAUSE = 0.08  # seconds; a shorter silence is the closure of a stop, or belongs to its neighbours
SUBSTITUTES = phonemes.PROMPT_VOICE


@dataclass(frozen=True)
class Phone:
    """One phone or pause: its symbol, start and end in seconds, and its word if it is the word's first."""

    symbol: str
    start: float
    end: float
    word: str = ""

    @property
    def seconds(self) -> float:
        """Return how long it lasts."""
        return self.end - self.start


def pronunciations(word: str) -> list[tuple[str, ...]]:
    """Return the pronunciations of a normalised word that differ by more than stress, best first."""
    known = phonemes.lexicon(word) or [phonemes.pronounce(word)]
    by_sound = {}
    for phones in known:
        phones = tuple(SUBSTITUTES.get(phone, phone) for phone in phones)
        by_sound.setdefault(tuple(re.sub(r"\d", "", phone) for phone in phones), phones)
    return list(by_sound.values())


class Aligner:
    """pocketsphinx with a dictionary of just the words that are needed."""

    def __init__(self, words: set[str]):
        from pocketsphinx import Decoder

        self.spoken = {}
        for word in sorted(words):
            for number, phones in enumerate(pronunciations(word), 1):
                self.spoken[word if number == 1 else f"{word}({number})"] = phones
        lines = [f"{name} {re.sub(r'[0-9]', '', ' '.join(phones))}\n" for name, phones in self.spoken.items()]
        with tempfile.NamedTemporaryFile("w", suffix=".dict") as dictionary:
            dictionary.writelines(lines)
            dictionary.flush()
            self.decoder = Decoder(lm=None, bestpath=False, loglevel="FATAL", dict=dictionary.name)

    def align(self, samples: np.ndarray, spoken: str) -> list[Phone]:
        """Align 16 kHz samples with the words that they say; the phones follow each other without gaps.

        The samples must begin and end with a short silence.

        Raises:
            DataError: the aligner finds no path.
        """
        raw = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
        try:
            self.decoder.set_align_text(spoken)
            self._decode(raw)
            self.decoder.set_alignment()
            self._decode(raw)
            aligned = self.decoder.get_alignment()
        except RuntimeError as error:
            raise DataError(
                f"no alignment of {spoken!r}: {error}. Compare the text with the sound."
            ) from error
        phones = [phone for word in aligned for phone in self._phones(word)]
        # A frame stands for the time around the middle of its window.
        starts = [0.0, *(phone.start + WINDOW / 2 - 0.005 for phone in phones[1:])]
        ends = [*starts[1:], len(samples) / RATE]
        return [replace(p, start=s, end=e) for p, s, e in zip(phones, starts, ends, strict=True)]

    def _decode(self, raw: bytes) -> None:
        self.decoder.start_utt()
        self.decoder.process_raw(raw, full_utt=True)
        self.decoder.end_utt()

    def _phones(self, word) -> list[Phone]:
        symbols = self.spoken.get(word.name, ("SIL",))
        name = re.sub(r"\(\d+\)$", "", word.name) if word.name in self.spoken else ""
        parts = list(word)
        first = [name, *[""] * (len(parts) - 1)]
        return [
            Phone(symbol, part.start / 100, (part.start + part.duration) / 100, written)
            for symbol, part, written in zip(symbols, parts, first, strict=True)
        ]


def with_silent_ends(phones: list[Phone], edge: float) -> list[Phone]:
    """Begin and end with a silence of at least `edge` seconds, which the sound is known to have.

    The aligner may leave it out and stretch the first or the last phone over it.
    """
    first, last = phones[0], phones[-1]
    if first.symbol != "SIL":
        phones = [Phone("SIL", 0.0, edge), replace(first, start=edge), *phones[1:]]
    if last.symbol != "SIL":
        start = last.end - edge
        phones = [*phones[:-1], replace(phones[-1], end=start), Phone("SIL", start, last.end)]
    return phones


def settle_pauses(phones: list[Phone], marked: set[int]) -> list[Phone]:
    """Join neighbouring silences and give away those that are too short to be heard as a pause.

    `marked` holds how many words precede each pause mark of the text: there a pause is kept however short.
    A silence before a stop is the stop's closure; any other is shared by both neighbours.
    """
    joined: list[Phone] = []
    for phone in phones:
        if phone.symbol == "SIL" and joined and joined[-1].symbol == "SIL":
            joined[-1] = replace(joined[-1], end=phone.end)
        else:
            joined.append(phone)
    settled, words = [], 0
    for position, phone in enumerate(joined):
        words += bool(phone.word)
        inner = 0 < position < len(joined) - 1
        if phone.symbol == "SIL" and inner and phone.seconds < SHORTEST_PAUSE and words not in marked:
            following = joined[position + 1]
            share = 0.0 if following.symbol in STOPS else phone.seconds / 2
            settled[-1] = replace(settled[-1], end=phone.start + share)
            joined[position + 1] = replace(following, start=phone.start + share)
        else:
            settled.append(phone)
    return settled
