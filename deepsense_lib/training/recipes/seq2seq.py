"""Sequence to sequence without attention: short prompts of the voice, learned through one vector."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from deepsense_lib import weights
from deepsense_lib.speech.phonemes import SYMBOLS
from deepsense_lib.torch_models.seq2seq import Prediction, Seq2SeqTTS
from deepsense_lib.training.loop import Run, RunConfig, fit
from deepsense_lib.training.recipes.voice import make_card, masked_mean, set_statistics
from deepsense_lib.training.voice_data import Example, Statistics, collate, load_examples, statistics

CONFIG = {
    "lesson": RunConfig(steps=500, learning_rate=3e-3, warmup_steps=30),
    "reference": RunConfig(steps=4000, learning_rate=1.5e-3, warmup_steps=100),
}
SIZES = {"lesson": {"width": 256, "prenet_width": 32}, "reference": {"width": 384, "prenet_width": 64}}
LONGEST = {"lesson": 140, "reference": 160}  # frames of a prompt
PROMPTS = {"lesson": 24, "reference": None}  # None: all that are short enough
ROWS = 16  # utterances in a batch
WEIGHTS = {"mel": 1.0, "pitch": 0.1, "voicing": 0.1, "stop": 0.1}
STOP_WEIGHT = 5.0  # there is one end for many steps


class Batch(NamedTuple):
    """Padded examples, normalised; frames are filled up to whole steps."""

    symbols: torch.Tensor  # (batch, phonemes)
    word_starts: torch.Tensor  # (batch, phonemes)
    mel: torch.Tensor  # (batch, frames, mels)
    pitch: torch.Tensor  # (batch, frames)
    voiced: torch.Tensor  # (batch, frames), 0 or 1
    mask: torch.Tensor  # (batch, frames)
    stop: torch.Tensor  # (batch, steps), 1 at the last step
    step_mask: torch.Tensor  # (batch, steps)


def make_batch(examples: list[Example], stats: Statistics, reduction: int) -> Batch:
    """Pad examples to whole steps and add the targets of the stop token."""
    plain = collate(examples, stats)
    lengths = torch.tensor([len(e.log_mel) for e in examples])
    missing = -plain.mel.shape[1] % reduction
    mel = torch.nn.functional.pad(plain.mel, (0, 0, 0, missing))
    pitch, voiced = (torch.nn.functional.pad(x, (0, missing)) for x in (plain.pitch, plain.voiced))
    mask = (torch.arange(mel.shape[1]) < lengths[:, None]).float()
    last = (lengths[:, None] - 1) // reduction
    steps = torch.arange(mel.shape[1] // reduction)
    stop, step_mask = (steps == last).float(), (steps <= last).float()
    return Batch(plain.symbols, plain.word_starts, mel, pitch, voiced, mask, stop, step_mask)


def losses(prediction: Prediction, batch: Batch) -> dict[str, torch.Tensor]:
    """Means over what is not padding: L1 of log-mels and pitch, logistic of voicing and of the stop token."""
    logistic = torch.nn.functional.binary_cross_entropy_with_logits
    ends = torch.tensor(STOP_WEIGHT, dtype=batch.mel.dtype)
    return {
        "mel": masked_mean((prediction.mel - batch.mel).abs(), batch.mask[..., None]),
        "pitch": masked_mean((prediction.pitch - batch.pitch).abs(), batch.mask * batch.voiced),
        "voicing": masked_mean(logistic(prediction.voicing, batch.voiced, reduction="none"), batch.mask),
        "stop": masked_mean(
            logistic(prediction.stop, batch.stop, reduction="none", pos_weight=ends), batch.step_mask
        ),
    }


class Seq2SeqTask:
    """What the training loop trains: a new model on short examples of one voice."""

    def __init__(self, examples: list[Example], seed: int = 0, **sizes):
        self.examples, self.stats = examples, statistics(examples)
        torch.manual_seed(seed)
        self.model = Seq2SeqTTS(len(SYMBOLS), **sizes)
        set_statistics(self.model, self.stats)
        self.identity = {**self.model.configuration, "examples": len(examples)}

    def batches(self, rng: np.random.Generator) -> Iterator[Batch]:
        """One pass over all examples, like lengths together."""
        noise = 10 * rng.random(len(self.examples))
        order = np.argsort([len(e.log_mel) for e in self.examples] + noise)
        groups = [order[k : k + ROWS] for k in range(0, len(order), ROWS)]
        for g in rng.permutation(len(groups)):
            yield make_batch([self.examples[i] for i in groups[g]], self.stats, self.model.reduction)

    def loss(
        self, model: Seq2SeqTTS, batch: Batch, step: int
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Loss under teacher forcing, and its parts."""
        parts = losses(model(batch.symbols, batch.mel, batch.pitch, batch.voiced), batch)
        return sum(WEIGHTS[name] * value for name, value in parts.items()), parts


def training_examples(scale: str) -> list[Example]:
    """The prompts that a scale learns: all short ones, or some of them, evenly spread over their lengths."""
    examples = sorted(load_examples("train", longest=LONGEST[scale]), key=lambda e: len(e.log_mel))
    count = PROMPTS[scale]
    if count is None:
        return examples
    return [examples[k] for k in np.linspace(0, len(examples) - 1, count).round().astype(int)]


def task(scale: str, seed: int = 0) -> Seq2SeqTask:
    """The task of one scale on the shipped recordings: "lesson" or "reference"."""
    return Seq2SeqTask(training_examples(scale), seed, **SIZES[scale])


def run(scale: str, seed: int, out: Path, resume: bool = True) -> Run:
    """Train, and leave `seq2seq.safetensors` and its card in the folder `out`."""
    job = task(scale, seed)
    result = fit(job, RunConfig(**{**vars(CONFIG[scale]), "seed": seed}), out, resume)
    command = f"python -m deepsense_lib train seq2seq --scale {scale} --seed {seed}"
    card = make_card("seq2seq", job.model, result, command, seed)
    weights.save(Path(out) / "seq2seq", weights.to_arrays(job.model.state_dict()), card, half=True)
    return result
