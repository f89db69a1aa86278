"""Autoencoders of the prompt voice: a variational one and one with vector quantisation, on random crops.

Frames are normalised to mean 0 and deviation 1, so errors of all bands, of pitch and of voicing count alike.
Pitch counts where there is voice.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from deepsense_lib import weights
from deepsense_lib.torch_models.autoencoder import Reconstruction, SpeechAutoencoder
from deepsense_lib.training.loop import Run, RunConfig, fit
from deepsense_lib.training.recipes.voice import make_card, masked_mean, set_statistics
from deepsense_lib.training.voice_data import Example, Statistics, collate, load_examples, statistics

CONFIG = {
    "lesson": RunConfig(steps=200, learning_rate=3e-3, warmup_steps=30),
    "reference": RunConfig(steps=3000, learning_rate=2e-3, warmup_steps=100, ema=0.995),
}
SIZES = {  # of the two reference models, by the name of their checkpoint
    "vae": {"kind": "gaussian", "code": 32},
    "vq": {"kind": "vector", "code": 64, "groups": 8, "entries": 256},
}
NOISE = 0.2  # what error of a normalised frame the variational model takes for granted
CROP, ROWS = 120, 16  # frames of a crop, crops in a batch


class Batch(NamedTuple):
    """Random crops, normalised; what is shorter than a crop is padded."""

    frames: torch.Tensor  # (rows, frames, mels + 2)
    mask: torch.Tensor  # (rows, frames, 1)


def make_batch(examples: list[Example], stats: Statistics) -> Batch:
    """Pad and normalise examples: log-mels, pitch (0 where unvoiced) and voicing."""
    found = collate(examples, stats)
    mask = torch.zeros_like(found.mel[..., :1])
    for row, example in enumerate(examples):
        mask[row, : len(example.log_mel)] = 1
    return Batch(torch.cat([found.mel, found.pitch[..., None], found.voiced[..., None]], -1), mask)


def crop(example: Example, frames: int, rng: np.random.Generator) -> Example:
    """A random run of at most `frames` frames, without its symbols."""
    start = int(rng.integers(0, max(0, len(example.log_mel) - frames) + 1))
    span = slice(start, start + frames)
    none = np.zeros(0, dtype="int64")
    return Example(none, none, none, example.log_mel[span], example.f0[span], none)


def distortion(frames: torch.Tensor, wanted: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean squared error of normalised features over what counts: pitch only where there is voice."""
    voiced = wanted[..., -1:]
    counts = torch.cat([mask.expand_as(wanted[..., :-2]), mask * voiced, mask], -1)
    return masked_mean((frames - wanted) ** 2, counts)


def losses(found: Reconstruction, batch: Batch, noise: float = NOISE) -> dict[str, torch.Tensor]:
    """Distortion, and the price of the code.

    For "gaussian" the two add up to the negative ELBO, multiplied by 2 noise^2 and divided by the number of
    features, constants left out. For "vector" the price is the sum of codebook and commitment terms.
    """
    price = masked_mean(found.coded.cost, found.step_mask)
    if found.coded.indices is None:
        steps = found.step_mask.sum() / batch.mask.sum()
        price = 2 * noise**2 * price * steps / batch.frames.shape[-1]
    return {"distortion": distortion(found.frames, batch.frames, batch.mask), "price": price}


class AutoencoderTask:
    """What the training loop trains: a new autoencoder on crops of examples.

    `noise` is the error taken for granted, `corruption` the deviation of noise that is added to what the
    encoder sees (0: none; otherwise it learns to remove it); `sizes` are arguments of `SpeechAutoencoder`.
    """

    def __init__(
        self,
        examples: list[Example],
        validation: list[Example] = (),
        noise: float = NOISE,
        corruption: float = 0.0,
        seed: int = 0,
        **sizes,
    ):
        self.examples, self.validation = examples, validation
        self.noise, self.corruption = noise, corruption
        self.stats = statistics(examples)
        torch.manual_seed(seed)
        self.model = SpeechAutoencoder(**sizes)
        set_statistics(self.model, self.stats)
        self.identity = {**self.model.configuration, "noise": noise, "corruption": corruption}

    def batches(self, rng: np.random.Generator) -> Iterator[Batch]:
        """An epoch: fifty batches of random crops."""
        lengths = np.array([len(e.log_mel) for e in self.examples], dtype=float)
        for _ in range(50):
            rows = rng.choice(len(lengths), ROWS, p=lengths / lengths.sum())
            yield make_batch([crop(self.examples[row], CROP, rng) for row in rows], self.stats)

    def loss(
        self, model: SpeechAutoencoder, batch: Batch, step: int
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Distortion plus the price of the code, and the two."""
        seen = batch.frames
        if self.corruption:
            seen = seen + self.corruption * torch.randn_like(seen)
        parts = losses(model(seen, batch.mask), batch, self.noise)
        return sum(parts.values()), parts

    @torch.no_grad()
    def validate(self, model: SpeechAutoencoder) -> dict[str, float]:
        """Mean losses over the validation examples, one by one."""
        batches = [make_batch([e], self.stats) for e in self.validation]
        found = [losses(model(b.frames, b.mask), b, self.noise) for b in batches]
        return {name: float(np.mean([float(f[name]) for f in found])) for name in found[0]}


def task(
    scale: str, seed: int = 0, noise: float = NOISE, corruption: float = 0.0, **sizes
) -> AutoencoderTask:
    """The task of one scale on the shipped recordings; `sizes` are arguments of `SpeechAutoencoder`."""
    validation = load_examples("validation") if scale == "reference" else ()
    return AutoencoderTask(load_examples("train"), validation, noise, corruption, seed, **sizes)


def run(scale: str, seed: int, out: Path, resume: bool = True) -> dict[str, Run]:
    """Train both, and leave `vae` and `vq` (weights and card) in the folder `out`."""
    results = {}
    for name, sizes in SIZES.items():
        job = task(scale, seed, **sizes)
        every = 400 if scale == "reference" else None
        config = RunConfig(**{**vars(CONFIG[scale]), "seed": seed, "validate_every": every})
        results[name] = fit(job, config, Path(out) / name, resume)
        command = f"python -m deepsense_lib train autoencoder --scale {scale} --seed {seed}"
        card = make_card(name, job.model, results[name], command, seed)
        weights.save(Path(out) / name, weights.to_arrays(job.model.state_dict()), card, half=True)
    return results
