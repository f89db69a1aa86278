"""The vocoder: spectral losses, then a discriminator too, on what the acoustic model predicts.

The log-mels that a vocoder meets in use are the acoustic model's, and those are smoother than recordings.
So most of its training examples are the acoustic model's own predictions under teacher forcing, which lie
on the same frames as the recording (Shen et al., 2018, Tacotron 2, https://arxiv.org/abs/1712.05884,
section 2.3).
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn

from deepsense_lib import weights
from deepsense_lib.datasets.registry import data_dir
from deepsense_lib.torch_models.discriminator import (
    RESOLUTIONS,
    MultiResolutionDiscriminator,
    feature_loss,
    fool_loss,
    judge_loss,
)
from deepsense_lib.torch_models.parallel_tts import ParallelTTS
from deepsense_lib.torch_models.vocoder import Vocoder
from deepsense_lib.training.loop import Run, RunConfig, fit
from deepsense_lib.training.recipes.voice import make_card, set_statistics
from deepsense_lib.training.voice_data import HOP, Example, Statistics, collate, load_examples, statistics

SPECTRA = ((1024, 200, 800), (2048, 400, 1600), (512, 100, 400), (256, 50, 200))  # FFT length, hop, window
CONFIG = {
    "lesson": RunConfig(steps=250, learning_rate=1e-3, warmup_steps=50, betas=(0.8, 0.99), clip_norm=5.0),
    "reference": RunConfig(
        steps=3000, learning_rate=1e-3, warmup_steps=50, betas=(0.8, 0.99), clip_norm=5.0, ema=0.99
    ),
}
ADVERSARIAL_FROM = {"lesson": 250, "reference": 400}  # step at which the discriminator joins in


def magnitude(samples: torch.Tensor, n_fft: int, hop: int, window: int) -> torch.Tensor:
    """STFT magnitude (batch, bins, frames) of samples (batch, samples), never quite 0."""
    taper = torch.hann_window(window, device=samples.device)
    spectrum = torch.stft(samples, n_fft, hop, window, taper, return_complex=True)
    return torch.sqrt(spectrum.real**2 + spectrum.imag**2 + 1e-7)


def spectral_losses(
    found: torch.Tensor, wanted: torch.Tensor, bank: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Compare samples (batch, samples) by their spectra; bank (mels, bins) is the mel filter bank.

    Returns two means: spectral convergence plus log-magnitude distance over four resolutions, and the
    distance of log-mels.

    Source: Yamamoto et al. (2020), Parallel WaveGAN (https://arxiv.org/abs/1910.11480), equations 3 to 6.
    """
    parts, mel = [], None
    for resolution in SPECTRA:
        a, b = magnitude(found, *resolution), magnitude(wanted, *resolution)
        convergence = (a - b).norm(dim=(1, 2)) / b.norm(dim=(1, 2)).clamp(min=0.1)
        parts.append((a.log() - b.log()).abs().mean() + convergence.mean())
        if resolution == SPECTRA[0]:
            mel = ((bank @ a).clamp(min=1e-5).log() - (bank @ b).clamp(min=1e-5).log()).abs().mean()
    return sum(parts) / len(parts), mel


class Adversaries(nn.Module):
    """The vocoder and its discriminator, so that one optimiser moves both."""

    def __init__(self, vocoder: Vocoder, discriminator: MultiResolutionDiscriminator):
        super().__init__()
        self.vocoder, self.discriminator = vocoder, discriminator


def adversarial_losses(
    judge: MultiResolutionDiscriminator, found: torch.Tensor, wanted: torch.Tensor, part: int
) -> dict[str, torch.Tensor]:
    """Losses of the judge, of fooling it, and of its features, at one resolution.

    The judge's loss reaches the judge alone; the other two reach what made `found` alone.
    """
    real, features = judge(wanted, part)
    judging = judge_loss(real, judge(found.detach(), part)[0])
    judge.requires_grad_(False)
    score, seen = judge(found, part)
    judge.requires_grad_(True)
    return {"judge": judging, "fool": fool_loss(score), "features": feature_loss(features, seen)}


class VocoderTask:
    """Crops of recordings, the acoustic model's view of them, and the losses."""

    WEIGHTS = {"spectrum": 1.0, "mel": 2.0, "judge": 1.0, "fool": 0.1, "features": 0.5}  # noqa: RUF012

    def __init__(
        self,
        examples: list[Example],
        predicted: list[np.ndarray],
        bank: np.ndarray,
        adversarial_from: int,
        seed: int = 0,
        recorded_share: float = 0.3,
        size: int = 8,
        frames: int = 64,
    ):
        kept = [i for i, e in enumerate(examples) if len(e.log_mel) > frames]
        self.examples, self.predicted = [examples[i] for i in kept], [predicted[i] for i in kept]
        self.bank = torch.tensor(bank, dtype=torch.float32)
        self.adversarial_from, self.recorded_share, self.size, self.frames = (
            adversarial_from,
            recorded_share,
            size,
            frames,
        )
        torch.manual_seed(seed)
        self.model = Adversaries(Vocoder(), MultiResolutionDiscriminator())
        set_statistics(self.model.vocoder, statistics(examples))

    def batches(self, rng: np.random.Generator) -> Iterator[tuple[torch.Tensor, ...]]:
        """An epoch: a hundred batches of random crops."""
        for _ in range(100):
            yield self.crops(rng)

    def crops(self, rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
        """Log-mel (size, frames, mels), F0 (size, frames), and the samples between the outer frames."""
        lengths = np.array([len(e.log_mel) for e in self.examples], dtype=float)
        mels, f0s, sounds = [], [], []
        for row in rng.choice(len(lengths), self.size, p=lengths / lengths.sum()):
            example = self.examples[row]
            mel = example.log_mel if rng.random() < self.recorded_share else self.predicted[row]
            a = int(rng.integers(0, len(mel) - self.frames))
            mels.append(mel[a : a + self.frames])
            f0s.append(example.f0[a : a + self.frames])
            sounds.append(example.samples[a * HOP : (a + self.frames - 1) * HOP])
        return tuple(torch.from_numpy(np.stack(x)) for x in (mels, f0s, sounds))

    def loss(
        self, model: Adversaries, batch: tuple[torch.Tensor, ...], step: int
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Spectral losses; from `adversarial_from` on also the discriminator's, one resolution a step."""
        log_mel, f0, wanted = batch
        found = model.vocoder(log_mel, f0)
        spectrum, mel = spectral_losses(found, wanted, self.bank.to(found.device))
        parts = {"spectrum": spectrum, "mel": mel}
        if step >= self.adversarial_from:
            part = step % len(RESOLUTIONS)
            parts |= adversarial_losses(model.discriminator, found, wanted, part)
        return sum(self.WEIGHTS[name] * value for name, value in parts.items()), parts


@torch.no_grad()
def predict_mels(model: ParallelTTS, examples: list[Example]) -> list[np.ndarray]:
    """What the acoustic model says under teacher forcing: a log-mel (frames, mels) for each example."""
    buffers = (model.mel_mean, model.mel_std, model.pitch_stats, model.energy_stats)
    stats = Statistics(*(b.numpy() for b in buffers))
    predicted = []
    for example in examples:
        b = collate([example], stats)
        out = model(b.symbols, b.word_starts, b.durations, b.energy, b.pitch, b.voiced)
        predicted.append((out.mel[0] * model.mel_std + model.mel_mean).numpy())
    return predicted


def task(scale: str, voice: ParallelTTS, seed: int = 0) -> VocoderTask:
    """The task of one scale on the shipped recordings, for one acoustic model."""
    from deepsense_lib.speech.features import filters

    examples = load_examples("train")
    return VocoderTask(examples, predict_mels(voice, examples), filters(), ADVERSARIAL_FROM[scale], seed)


def run(scale: str, seed: int, out: Path, resume: bool = True, voice: str | Path | None = None) -> Run:
    """Train for an acoustic model (default: the shipped one); leave `vocoder.safetensors` and its card."""
    arrays, card = weights.load(voice or data_dir() / "checkpoints" / "voice")
    job = task(scale, weights.build(ParallelTTS, arrays, card), seed)
    job.identity = {"voice": card.sha256}
    result = fit(job, RunConfig(**{**vars(CONFIG[scale]), "seed": seed}), out, resume)
    vocoder = job.model.vocoder
    command = f"python -m deepsense_lib train vocoder --scale {scale} --seed {seed}"
    made = make_card("vocoder", vocoder, result, command, seed)
    weights.save(Path(out) / "vocoder", weights.to_arrays(vocoder.state_dict()), made, half=True)
    return result
