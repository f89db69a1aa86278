"""How to make a trained Tacotron fail on purpose, and the record of one utterance.

Faults of the attention are injected between two steps; silence at the ends is taught by a short training.
"""

import contextlib
import dataclasses
import itertools
from collections.abc import Collection, Iterator

import numpy as np
import torch

from deepsense_lib.datasets.speech import Utterance
from deepsense_lib.formulas import attention, stability
from deepsense_lib.speech.features import log_mel
from deepsense_lib.speech.phonemes import Pronunciation, encode
from deepsense_lib.torch_models.attention import Attended
from deepsense_lib.torch_models.tacotron import Speech, Tacotron
from deepsense_lib.training.loop import Run, RunConfig, fit
from deepsense_lib.training.recipes.tacotron import TacotronTask
from deepsense_lib.training.voice_data import HOP, Example, Statistics, make_example


@contextlib.contextmanager
def disturbed(model: Tacotron, by: int, at: Collection[int]) -> Iterator[None]:
    """While it lasts, the attention of one utterance believes before the steps `at` to stand `by` symbols on.

    A positive `by` jumps ahead, a negative one back, never out of the text.
    """
    steps = itertools.count()

    def shift(_, given):
        query, memory, before = given
        if next(steps) not in at:
            return given
        place = int(before.weights.argmax()) + by
        moved = torch.zeros_like(before.weights)
        moved[0, min(max(place, 0), moved.shape[1] - 1)] = 1
        return query, memory, Attended(moved, before.total)

    handle = model.decoder.attention.register_forward_pre_hook(shift)
    try:
        yield
    finally:
        handle.remove()


def say(model: Tacotron, spoken: Pronunciation, **options) -> Speech:
    """Let the model speak a phonemized text; the fuse is a length that no text of the course needs."""
    symbols = torch.from_numpy(encode(spoken.symbols))
    options = {"limit": 60 + 12 * len(symbols)} | options
    return model.infer(symbols, torch.as_tensor(spoken.word_starts), **options)


def examine(speech: Speech) -> dict[str, float]:
    """The record of one utterance: failures (0 or 1), measures of the alignment, frames of silence."""
    alignment = speech.alignment.numpy()
    found = stability.failures(alignment, speech.stopped)
    jumps, silence = stability.largest_jumps(alignment), stability.edge_silence(speech.log_mel.numpy())
    return {
        **{name: int(value) for name, value in found._asdict().items()},
        "any": int(found.any),
        "coverage": attention.coverage(alignment),
        "focus_rate": attention.focus_rate(alignment),
        "monotonicity": attention.monotonicity(alignment),
        "jump_back": jumps.back,
        "jump_ahead": jumps.ahead,
        "longest_stay": stability.longest_stay(alignment),
        "silence_before": silence[0],
        "silence_after": silence[1],
        "steps": len(alignment),
    }


def padded(utterance: Utterance, frames: int) -> Example:
    """A recording with `frames` frames of digital silence at each end; its first and last symbol get them."""
    samples = np.pad(utterance.audio(), frames * HOP)
    mel, durations = log_mel(samples), np.array(utterance.durations)
    durations[0] += frames
    durations[-1] += len(mel) - durations.sum()
    f0 = np.zeros(len(mel))
    f0[frames : frames + len(utterance.f0)] = utterance.f0
    symbols = encode(utterance.symbols)
    return make_example(symbols, utterance.word_starts, durations, mel, f0, samples, utterance.id)


def trimmed(example: Example, keep: int = 8, below: float = 35.0) -> Example:
    """The example with at most `keep` frames quieter than the loudest by `below` dB at each end."""
    silence = stability.edge_silence(example.log_mel, below)
    # Attention learns no durations; they only have to agree, so no symbol loses more than it has.
    first = min(max(0, silence[0] - keep), int(example.durations[0]))
    last = min(max(0, silence[1] - keep), int(example.durations[-1]))
    durations, end = example.durations.copy(), len(example.log_mel) - last
    durations[0] -= first
    durations[-1] -= last
    return dataclasses.replace(
        example,
        durations=durations,
        log_mel=example.log_mel[first:end],
        f0=example.f0[first:end],
        samples=example.samples[first * HOP : end * HOP],
    )


def retrained(model: Tacotron, examples: list[Example], steps: int, frames: int = 1200, seed: int = 0) -> Run:
    """Go on training the model itself on examples, with its own statistics."""
    job = TacotronTask(examples, frames, seed=seed, **model.configuration)
    job.model = model
    pitch = tuple(model.pitch_stats.tolist())
    job.stats = Statistics(model.mel_mean.numpy(), model.mel_std.numpy(), pitch, job.stats.energy)
    return fit(job, RunConfig(steps=steps, learning_rate=5e-4, warmup_steps=5, seed=seed))
