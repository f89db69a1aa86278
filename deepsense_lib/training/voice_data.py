"""Utterances become examples and batches for the acoustic model and the vocoder."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from deepsense_lib.errors import DataError

HOP = 200  # samples in a frame


@dataclass(frozen=True)
class Example:
    """One stretch of speech as the acoustic model sees it, in physical units."""

    symbols: np.ndarray  # (phonemes,) int64
    word_starts: np.ndarray  # (phonemes,) int64, 0 or 1
    durations: np.ndarray  # (phonemes,) int64, frames
    log_mel: np.ndarray  # (frames, mels)
    f0: np.ndarray  # (frames,) Hz, 0 where unvoiced
    samples: np.ndarray  # (frames * HOP,)

    @property
    def energy(self) -> np.ndarray:
        """Mean log-mel of each phoneme (phonemes,)."""
        frame_level = np.concatenate([[0.0], np.cumsum(self.log_mel.mean(1))])
        ends = np.cumsum(self.durations)
        total = frame_level[ends] - frame_level[ends - self.durations]
        return np.where(self.durations > 0, total / np.maximum(self.durations, 1), -5.0).astype("float32")


class Statistics(NamedTuple):
    """Mean and deviation of what the models normalise."""

    mel_mean: np.ndarray  # (mels,)
    mel_std: np.ndarray  # (mels,)
    pitch: tuple[float, float]  # of ln F0 in voiced frames
    energy: tuple[float, float]  # of the mean log-mel of a phoneme


class Batch(NamedTuple):
    """Padded examples, normalised as the model wants them."""

    symbols: torch.Tensor  # (batch, phonemes)
    word_starts: torch.Tensor  # (batch, phonemes)
    durations: torch.Tensor  # (batch, phonemes)
    energy: torch.Tensor  # (batch, phonemes)
    pitch: torch.Tensor  # (batch, frames)
    voiced: torch.Tensor  # (batch, frames), 0 or 1
    mel: torch.Tensor  # (batch, frames, mels)


def make_example(symbols, word_starts, durations, log_mel, f0, samples, name: str = "example") -> Example:
    """Build an example whose parts agree in length.

    Raises: DataError when durations, log-mel and F0 disagree about the number of frames.
    """
    frames = len(log_mel)
    if int(np.sum(durations)) != frames or len(f0) != frames or len(symbols) != len(durations):
        raise DataError(
            f"{name}: durations sum to {int(np.sum(durations))} frames, log-mel has {frames}, F0 {len(f0)}, "
            f"and {len(symbols)} symbols have {len(durations)} durations; expected them to agree. "
            "Rebuild the data set."
        )
    samples = np.pad(samples, (0, max(0, frames * HOP - len(samples))))[: frames * HOP].astype("float32")
    whole = [np.asarray(x, dtype="int64") for x in (symbols, word_starts, durations)]
    f0 = np.asarray(f0, dtype="float32")
    return Example(*whole, np.asarray(log_mel, dtype="float32"), f0, samples)


def load_examples(*splits: str, longest: int | None = None) -> list[Example]:
    """Read the prompt voice's recordings of some splits, without those of more than `longest` frames."""
    from deepsense_lib.datasets.speech import load_english
    from deepsense_lib.speech.features import log_mel
    from deepsense_lib.speech.phonemes import encode

    examples = []
    for utterance in [u for split in splits for u in load_english(split)]:
        if longest is not None and len(utterance.f0) > longest:
            continue
        samples = utterance.audio()
        examples.append(
            make_example(
                encode(utterance.symbols),
                utterance.word_starts,
                utterance.durations,
                log_mel(samples),
                utterance.f0,
                samples,
                utterance.id,
            )
        )
    return examples


def statistics(examples: Sequence[Example]) -> Statistics:
    """Measure what the models normalise, over all examples."""
    mel = np.concatenate([e.log_mel for e in examples])
    pitch = np.log(np.concatenate([e.f0[e.f0 > 0] for e in examples]))
    energy = np.concatenate([e.energy for e in examples])
    return Statistics(
        mel.mean(0),
        mel.std(0),
        (float(pitch.mean()), float(pitch.std())),
        (float(energy.mean()), float(energy.std())),
    )


def cut(example: Example, first: int, last: int) -> Example:
    """The part from phoneme `first` up to and without phoneme `last`."""
    ends = np.concatenate([[0], np.cumsum(example.durations)])
    a, b = int(ends[first]), int(ends[last])
    return Example(
        example.symbols[first:last],
        example.word_starts[first:last],
        example.durations[first:last],
        example.log_mel[a:b],
        example.f0[a:b],
        example.samples[a * HOP : b * HOP],
    )


def cut_at_words(example: Example, rng: np.random.Generator, shortest: int = 3) -> Example:
    """A random run of at least `shortest` whole words; the example itself when it has too few."""
    starts = np.flatnonzero(example.word_starts)
    if len(starts) <= shortest:
        return example
    first = int(rng.integers(0, len(starts) - shortest + 1))
    last = int(rng.integers(first + shortest, len(starts) + 1))
    begin = 0 if first == 0 else int(starts[first])
    end = len(example.symbols) if last == len(starts) else int(starts[last])
    return cut(example, begin, end)


def collate(examples: Sequence[Example], stats: Statistics) -> Batch:
    """Pad and normalise examples into one batch."""
    phonemes = max(len(e.symbols) for e in examples)
    frames = max(len(e.log_mel) for e in examples)
    size = len(examples)
    symbols, word_starts, durations = (np.zeros((size, phonemes), dtype="int64") for _ in range(3))
    energy = np.zeros((size, phonemes), dtype="float32")
    pitch, voiced = (np.zeros((size, frames), dtype="float32") for _ in range(2))
    mel = np.zeros((size, frames, len(stats.mel_mean)), dtype="float32")
    for row, e in enumerate(examples):
        n, t = len(e.symbols), len(e.log_mel)
        symbols[row, :n], word_starts[row, :n], durations[row, :n] = e.symbols, e.word_starts, e.durations
        energy[row, :n] = (e.energy - stats.energy[0]) / stats.energy[1]
        is_voiced = e.f0 > 0
        voiced[row, :t] = is_voiced
        logarithm = np.log(np.where(is_voiced, e.f0, 1.0))
        pitch[row, :t] = np.where(is_voiced, (logarithm - stats.pitch[0]) / stats.pitch[1], 0.0)
        mel[row, :t] = (e.log_mel - stats.mel_mean) / stats.mel_std
    return Batch(*map(torch.from_numpy, (symbols, word_starts, durations, energy, pitch, voiced, mel)))


def batches(
    examples: Sequence[Example], frames: int, rng: np.random.Generator, cut_rate: float = 0.0
) -> Iterator[list[Example]]:
    """One pass over all examples in batches of about `frames` frames, like lengths together.

    A share `cut_rate` of the examples is cut to a random run of words, so that fewer templates are learned
    by heart.
    """
    chosen = [cut_at_words(e, rng) if rng.random() < cut_rate else e for e in examples]
    order = sorted(range(len(chosen)), key=lambda i: len(chosen[i].log_mel) + 40 * rng.random())
    groups: list[list[Example]] = [[]]
    for i in order:
        if groups[-1] and (len(groups[-1]) + 1) * len(chosen[i].log_mel) > frames:
            groups.append([])
        groups[-1].append(chosen[i])
    for g in rng.permutation(len(groups)):
        yield groups[g]
