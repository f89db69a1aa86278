"""A formant synthesiser by rule: text, phones, targets, resonators, sound. It has heard no recording."""

import itertools
from typing import NamedTuple

import numpy as np

from deepsense_lib.errors import InputError
from deepsense_lib.formulas.source_filter import declination, glide, resonate, voice_source
from deepsense_lib.speech.classical.phones import Target, targets
from deepsense_lib.speech.phonemes import phonemize

RATE = 16_000
STEP = 80  # samples from one set of parameters to the next: 5 ms
HIGHER = (
    (3300.0, 250.0),
    (3850.0, 300.0),
    (4900.0, 400.0),
    (5800.0, 500.0),
    (6700.0, 600.0),
    (7500.0, 700.0),
)


class Tracks(NamedTuple):
    """All parameters over time, one row each 5 ms."""

    formants: np.ndarray  # (rows, 3), Hz
    bandwidths: np.ndarray  # (rows, 3), Hz
    sources: np.ndarray  # (rows, 3): amplitudes of voice, breath, hiss
    hiss: np.ndarray  # (rows, 2): frequency and width of the hiss, Hz
    f0: np.ndarray  # (rows,), Hz


def tracks(plan: list[Target], top: float = 135.0, bottom: float = 85.0) -> Tracks:
    """Turn targets into parameters over time: glides between them, and the melody above.

    top, bottom: where F0 begins and ends, Hz.
    Raises: InputError if there is no target.
    """
    if not plan:
        raise InputError("found no targets, expected at least one")
    ends = np.cumsum([t.seconds for t in plan])
    times = np.arange(0, ends[-1], STEP / RATE)
    borders = ends[:-1]
    # The faster of two neighbours decides how long the mouth takes from one to the other.
    slow = np.array([max(a.glide, b.glide) for a, b in itertools.pairwise(plan)])
    shapes = glide(times, borders, [(*t.formants, *t.bandwidths) for t in plan], slow)
    sources = glide(times, borders, [(t.voice, t.breath, t.hiss) for t in plan], 0.015)
    hiss = glide(times, borders, [(t.hiss_at, t.hiss_width) for t in plan], 0.01)
    f0 = declination(times / ends[-1], top, bottom)
    for t, end in zip(plan, ends, strict=True):
        if t.stress:  # an accent: up and down around the middle of the vowel
            height = 0.18 if t.stress == 1 else 0.08
            f0 = f0 * (1 + height * np.exp(-0.5 * ((times - end + 0.6 * t.seconds) / 0.07) ** 2))
    return Tracks(shapes[:, :3], shapes[:, 3:], sources, hiss, f0)


def synthesize(track: Tracks, seed: int = 0) -> np.ndarray:
    """Turn parameters into samples: voice and breath through a cascade, the hiss beside it.

    Returns `(samples,)` at 16 kHz, float32, peak 0.9.
    """
    samples = len(track.f0) * STEP
    at = np.arange(samples) / STEP

    def fine(values):
        return np.interp(at, np.arange(len(values)), values)

    noise = np.random.default_rng(seed).normal(size=samples)
    voice, breath, hiss = (fine(track.sources[:, k]) for k in range(3))
    sound = voice_source(fine(track.f0), RATE) * voice + noise * breath
    for k in range(3):
        sound = resonate(sound, fine(track.formants[:, k]), fine(track.bandwidths[:, k]), RATE)
    for frequency, bandwidth in HIGHER:
        sound = resonate(sound, frequency, bandwidth, RATE)
    beside = resonate(noise, fine(track.hiss[:, 0]), fine(track.hiss[:, 1]), RATE)
    # A resonator is louder where it is narrow; divide by what it does to white noise.
    width = fine(track.hiss[:, 1])
    total = sound + hiss * np.diff(beside, prepend=0.0) * np.sqrt(1000 / width)
    return (0.9 * total / max(np.abs(total).max(), 1e-9)).astype(np.float32)


def say(text: str, pace: float = 1.0) -> np.ndarray:
    """Speak an English text by rule.

    pace: 2 is twice as fast. Returns `(samples,)` at 16 kHz, float32.
    Raises: InputError if there is nothing to say.
    """
    return synthesize(tracks(targets(phonemize(text, {}).symbols, pace)))
