"""Utterances become training material for the phone recogniser: cut, joined anew, and spoiled.

The recogniser will judge synthetic speech and words that were never recorded. So it must not learn the
sentences by heart: runs of phones from different utterances are joined. And it must not depend on the clean
recordings: tempo, voice, sharpness and noise vary, and a part of the material went through Griffin-Lim.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch

from deepsense_lib.datasets.speech import load_english
from deepsense_lib.speech.features import log_mel
from deepsense_lib.speech.phonemes import SILENCE
from deepsense_lib.speech.vocoding import mel_to_audio
from deepsense_lib.torch_models.recogniser import PHONES

_NUMBER = {phone: number for number, phone in enumerate(PHONES, start=1)}


class Spoken(NamedTuple):
    """A stretch of speech: log-mels (frames, mels), and the first frame and label of each phone or pause."""

    log_mel: np.ndarray
    labels: np.ndarray  # (phones,) int64, 0 for a pause
    edges: np.ndarray  # (phones + 1,) int64


class Heard(NamedTuple):
    """A batch: padded log-mels, their lengths, and the labels of all rows in one vector with its lengths."""

    log_mel: torch.Tensor  # (batch, frames, mels)
    frames: torch.Tensor  # (batch,)
    labels: torch.Tensor  # (all labels,)
    counts: torch.Tensor  # (batch,)


def label(symbol: str) -> int:
    """Return the output that stands for a symbol: stress is dropped, a pause is 0."""
    return 0 if symbol == SILENCE else _NUMBER[symbol.rstrip("012")]


def load_spoken(split: str, copies: Sequence[int] = ()) -> list[Spoken]:
    """Load one split of the English voice, and with `copies` a copy of each utterance from its mels.

    The numbers are iterations of Griffin-Lim, taken in turn: few sound rough, many nearly clean.
    """
    found = []
    for number, utterance in enumerate(load_english(split)):
        labels = np.array([label(symbol) for symbol in utterance.symbols])
        edges = np.concatenate([[0], np.cumsum(utterance.durations)])
        mel = log_mel(utterance.audio())
        found.append(Spoken(mel, labels, edges))
        if copies:
            copy = log_mel(mel_to_audio(mel, copies[number % len(copies)], seed=number))
            found.append(Spoken(copy[: len(mel)], labels, edges))
    return found


def run_of_phones(spoken: Spoken, rng: np.random.Generator, shortest: int, longest: int) -> Spoken:
    """Cut out a random run of phones."""
    count = len(spoken.labels)
    size = min(count, int(rng.integers(shortest, longest + 1)))
    first = int(rng.integers(0, count - size + 1))
    edges = spoken.edges[first : first + size + 1]
    return Spoken(spoken.log_mel[edges[0] : edges[-1]], spoken.labels[first : first + size], edges - edges[0])


def join(parts: Sequence[Spoken]) -> Spoken:
    """Put stretches one after the other."""
    offsets = np.cumsum([0, *(len(part.log_mel) for part in parts)])
    edges = [part.edges[:-1] + offset for part, offset in zip(parts, offsets, strict=False)]
    return Spoken(
        np.concatenate([part.log_mel for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([*edges, offsets[-1:]]),
    )


def resample_axis(mel: np.ndarray, places: np.ndarray, axis: int) -> np.ndarray:
    """Read a matrix at fractional places along one axis, by straight lines between its values."""
    low = np.clip(np.floor(places).astype(int), 0, mel.shape[axis] - 1)
    high = np.minimum(low + 1, mel.shape[axis] - 1)
    share = (places - low).astype(np.float32)
    share = share[:, None] if axis == 0 else share[None, :]
    return mel.take(low, axis) * (1 - share) + mel.take(high, axis) * share


def spoil(mel: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Vary tempo, voice, tilt, sharpness and noise of log-mels (frames, mels), then hide parts."""
    frames, mels = mel.shape
    mel = resample_axis(mel, np.arange(0, frames - 1, rng.uniform(0.8, 1.25)), 0)
    mel = resample_axis(mel, np.clip(np.arange(mels) * rng.uniform(0.92, 1.08), 0, mels - 1), 1)
    mel = mel + rng.uniform(-0.5, 0.5) * np.linspace(-1, 1, mels, dtype=np.float32)
    if rng.random() < 0.3:  # blurred, as averaged predictions are
        near = np.concatenate([mel[:1], mel[:-1]]), np.concatenate([mel[1:], mel[-1:]])
        mel = 0.5 * mel + 0.25 * (near[0] + near[1])
    if rng.random() < 0.5:  # rough, as an invented phase makes it
        mel = mel + rng.uniform(0, 0.5) * rng.standard_normal(mel.shape, np.float32)
    if rng.random() < 0.5:
        colour = rng.uniform(-1.5, 1.5) * np.linspace(-1, 1, mels, dtype=np.float32)
        noise = rng.uniform(-9, -2.5) + colour + 0.5 * rng.standard_normal(mel.shape, np.float32)
        mel = np.logaddexp(mel, noise)
    for axis, widest in ((0, 6), (1, 10)):
        for _ in range(2):
            width = int(rng.integers(0, widest + 1))
            start = int(rng.integers(0, max(1, mel.shape[axis] - width)))
            mel[(slice(start, start + width), slice(None))[:: 1 - 2 * axis]] = mel.mean()
    return mel.astype(np.float32)


def varied(everything: Sequence[Spoken], number: int, rng: np.random.Generator) -> Spoken:
    """Return utterance `number` whole, or a run of it, or runs of several utterances joined."""
    choice = rng.random()
    if choice < 0.35:
        return everything[number]
    if choice < 0.55:
        return run_of_phones(everything[number], rng, 8, 40)
    others = rng.integers(0, len(everything), int(rng.integers(2, 6)))
    return join([run_of_phones(everything[i], rng, 3, 14) for i in (number, *others)])


def collate(stretches: Sequence[tuple[np.ndarray, np.ndarray]], silence: float) -> Heard:
    """Pad pairs of log-mels and labels into one batch."""
    frames = np.array([len(mel) for mel, _ in stretches])
    padded = np.full((len(stretches), frames.max(), stretches[0][0].shape[1]), silence, np.float32)
    for row, (mel, _) in enumerate(stretches):
        padded[row, : len(mel)] = mel
    spoken = [labels[labels > 0] for _, labels in stretches]
    counts = np.array([len(labels) for labels in spoken])
    return Heard(*map(torch.from_numpy, (padded, frames, np.concatenate(spoken), counts)))


def batches(
    everything: Sequence[Spoken], frames: int, rng: np.random.Generator, silence: float
) -> Iterator[Heard]:
    """One pass over all utterances, varied and spoiled, in batches of about `frames` frames."""
    chosen = [varied(everything, number, rng) for number in rng.permutation(len(everything))]
    stretches = [(spoil(c.log_mel, rng), c.labels) for c in chosen if (c.labels > 0).any()]
    stretches.sort(key=lambda pair: len(pair[0]) + 40 * rng.random())
    groups: list[list] = [[]]
    for pair in stretches:
        if groups[-1] and (len(groups[-1]) + 1) * len(pair[0]) > frames:
            groups.append([])
        groups[-1].append(pair)
    for number in rng.permutation(len(groups)):
        yield collate(groups[number], silence)
