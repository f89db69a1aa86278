"""Mandarin from single syllables: tone sandhi, pitch contours, PSOLA, joins.

The syllables were recorded one by one. Put in a row as they are, they are a list, not a sentence: each is as
long, as high and as finished as the others, and no tone has changed for its neighbour.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from deepsense_lib.errors import InputError
from deepsense_lib.formulas.psola import chao_f0, cross_fade, pitch_marks, psola
from deepsense_lib.formulas.source_filter import declination

RATE, HOP = 16_000, 200
LOW, HIGH = 180.0, 390.0  # where the levels 1 and 5 of the speaker lie, Hz: measured on the recordings
NEUTRAL_AFTER = {1: 2.0, 2: 3.0, 3: 4.0, 4: 1.0}  # level of a neutral tone, by the tone before it
SECONDS = {True: 0.30, False: 0.22}  # of a syllable at the end of a phrase, and before
NEUTRAL_SHARE = 0.65  # a neutral syllable is shorter
SEAM = 160  # samples that two syllables share


class Toned(NamedTuple):
    """A syllable and the tone that it is said with, 1 to 5 (5: neutral)."""

    pinyin: str
    tone: int


def read_pinyin(text: str) -> list[Toned]:
    """Read "ni3 hao3": syllables with the tone behind them, v for ü.

    Raises: InputError if there is none, or one has no tone.
    """
    found = []
    for part in text.lower().split():
        if not (part[:-1].isalpha() and part[-1] in "12345"):
            raise InputError(f"syllable {part!r}; expected pinyin with a tone behind it, such as hao3")
        found.append(Toned(part[:-1], int(part[-1])))
    if not found:
        raise InputError("found no syllable; expected pinyin with tones, such as 'ni3 hao3'")
    return found


def sandhi(syllables: Sequence[Toned]) -> list[Toned]:
    """Return the tones as they are spoken.

    Before a third tone a third tone becomes a second. "bu4" rises before a fourth tone; "yi1" rises before a
    fourth and falls before the others. Runs of third tones follow the grouping of words, which pinyin does
    not show; here all but the last change.
    """
    found = list(syllables)
    for n, (now, after) in enumerate(itertools.pairwise(syllables)):
        if (now.tone == 3 and after.tone == 3) or (now == Toned("bu", 4) and after.tone == 4):
            found[n] = now._replace(tone=2)
        elif now == Toned("yi", 1) and after.tone in (1, 2, 3):
            found[n] = now._replace(tone=4)
        elif now == Toned("yi", 1) and after.tone == 4:
            found[n] = now._replace(tone=2)
    return found


def levels(tone: int, before: int | None, last: bool) -> tuple[float, ...]:
    """Return a tone as levels on Chao's scale, evenly spread over the syllable.

    The third tone dips and rises only at the end of a phrase; before another tone it stays low. A neutral
    tone is as high as the tone before it leaves it.
    """
    if tone == 5:
        start = NEUTRAL_AFTER.get(before or 0, 3.0)
        return (start, max(1.0, start - 0.5))
    return {1: (5, 5), 2: (3, 3.2, 5), 3: (2, 1, 1, 3.5) if last else (2, 1.2, 1), 4: (5, 4, 1)}[tone]


def contours(syllables: Sequence[Toned], points: int = 30) -> list[np.ndarray]:
    """Return F0 in Hz for each syllable, `(points,)`, with the range sinking from syllable to syllable."""
    found = []
    for n, (_, tone) in enumerate(syllables):
        shape = levels(tone, syllables[n - 1].tone if n else None, n == len(syllables) - 1)
        level = np.interp(np.linspace(0, 1, points), np.linspace(0, 1, len(shape)), shape)
        sink = declination(n / max(len(syllables) - 1, 1), 1.0, 0.88)
        found.append(chao_f0(level, LOW, HIGH) * sink)
    return found


def trimmed(samples: np.ndarray, f0: np.ndarray, below: float = 0.02) -> tuple[np.ndarray, np.ndarray]:
    """Cut the quiet edges of a syllable, samples and F0 alike; `below` is a share of its peak."""
    loud = np.flatnonzero(np.abs(samples) > below * np.abs(samples).max())
    first, last = loud[0] // HOP, min(loud[-1] // HOP + 1, len(f0) - 1)
    return samples[first * HOP : last * HOP], f0[first : last + 1]


def creaks(f0: np.ndarray) -> float:
    """Return the share of frames without F0 between the first and the last frame that has one."""
    voiced = np.flatnonzero(f0 > 0)
    return 1.0 if len(voiced) < 3 else 1 - len(voiced) / (voiced[-1] - voiced[0] + 1)


def with_contour(samples: np.ndarray, f0: np.ndarray, contour: np.ndarray, seconds: float) -> np.ndarray:
    """Give a syllable another pitch and another length by PSOLA.

    samples: `(samples,)`; f0: `(frames,)`, Hz, 0 where unvoiced; contour: wanted F0 over its voiced part,
    `(points,)`.
    Returns samples that last about `seconds`; the unvoiced start keeps its length. Raises: InputError if
    nothing is voiced.
    """
    voiced = np.flatnonzero(f0 > 0)
    if not len(voiced):
        raise InputError(
            "the syllable has no F0 anywhere; its pitch cannot be changed. Take another recording"
        )
    first, last = voiced[0], voiced[-1]
    filled = f0.astype(float).copy()
    filled[first : last + 1] = np.interp(np.arange(first, last + 1), voiced, f0[voiced])  # through creaks
    marks = pitch_marks(filled, HOP, len(samples), RATE)
    at = marks / HOP
    inside = (at >= first) & (at <= last)
    share = np.clip((at - first) / max(last - first, 1), 0, 1)
    wanted = np.interp(share, np.linspace(0, 1, len(contour)), contour)
    pitch = np.where(inside, wanted / np.maximum(np.interp(at, np.arange(len(filled)), filled), 1), 1.0)
    start = first * HOP / RATE
    stretch = np.clip((seconds - start) / max(len(samples) / RATE - start, 0.05), 0.4, 2.0)
    duration = np.where(at < first, 1.0, stretch)
    return psola(samples, marks, np.clip(pitch, 0.5, 2.0), duration)


def recording_of(wanted: Toned, bank: Mapping[str, object], steady: bool = True):
    """Find a recording for a syllable: with its tone, or with another one, whose pitch PSOLA will change.

    bank: id, such as "hao3", -> syllable with `f0` and `audio()`. steady: pass over recordings that creak
    when there is a better one. Raises: InputError if the syllable was never recorded.
    """
    offered = [bank[f"{wanted.pinyin}{t}"] for t in range(1, 6) if f"{wanted.pinyin}{t}" in bank]
    if not offered:
        raise InputError(f"the syllable {wanted.pinyin} was never recorded, in any tone")

    def unfit(syllable) -> tuple:
        creaking = round(creaks(syllable.f0), 2) > 0.1
        return (steady and creaking, syllable.tone != wanted.tone, creaks(syllable.f0))

    return min(offered, key=unfit)


def join_plain(syllables: Sequence[Toned], bank: Mapping[str, object], gap: float = 0.05) -> np.ndarray:
    """Play the recordings one after the other, as they are; gap: seconds between them."""
    silence = np.zeros(round(gap * RATE))
    parts = [part for s in syllables for part in (recording_of(s, bank, steady=False).audio(), silence)]
    return np.concatenate(parts[:-1]).astype(np.float32)


def join_smooth(syllables: Sequence[Toned], bank: Mapping[str, object]) -> np.ndarray:
    """Say a phrase: sandhi, contours in one falling range, lengths by place, and soft seams.

    Raises: InputError if a syllable was never recorded.
    """
    spoken = sandhi(syllables)
    total = np.zeros(0)
    for n, (syllable, contour) in enumerate(zip(spoken, contours(spoken), strict=True)):
        recording = recording_of(syllable, bank)
        samples, f0 = trimmed(recording.audio(), recording.f0)
        seconds = SECONDS[n == len(spoken) - 1] * (NEUTRAL_SHARE if syllable.tone == 5 else 1)
        piece = with_contour(samples, f0, contour, seconds)
        level = np.sqrt(np.mean(piece**2)) + 1e-6
        piece = piece * (0.6 if syllable.tone == 5 else 1.0) * 0.12 / level
        total = piece if n == 0 else cross_fade(total, piece, min(SEAM, len(piece), len(total)))
    return (0.9 * total / np.abs(total).max()).astype(np.float32)


def say(pinyin: str, bank: Mapping[str, object]) -> np.ndarray:
    """Speak pinyin with tones, such as "ni3 hao3"; returns `(samples,)` at 16 kHz, float32.

    Raises: InputError as `read_pinyin` and `recording_of`.
    """
    return join_smooth(read_pinyin(pinyin), bank)
