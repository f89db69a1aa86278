"""The acoustic model: phonemes of the prompt voice to log-mel, durations, energy and F0."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from deepsense_lib import weights
from deepsense_lib.datasets.speech import recordings_hash
from deepsense_lib.speech.phonemes import SYMBOLS
from deepsense_lib.torch_models.parallel_tts import ParallelTTS, Prediction
from deepsense_lib.training.loop import Run, RunConfig, fit
from deepsense_lib.training.voice_data import (
    Batch,
    Example,
    Statistics,
    batches,
    collate,
    load_examples,
    statistics,
)

WEIGHTS = {"mel": 1.0, "duration": 0.5, "energy": 0.2, "pitch": 0.2, "voicing": 0.2}
CONFIG = {
    "lesson": RunConfig(steps=520, learning_rate=1.5e-3, warmup_steps=60),
    "reference": RunConfig(steps=2000, learning_rate=1e-3, warmup_steps=100, ema=0.995),
}
FRAMES = {"lesson": 1000, "reference": 1300}  # in a batch, about; small ones learn more in a CPU-second
BLOCKS = {"lesson": (3, 4), "reference": (4, 6)}  # of the encoder and of the decoder
CUT_RATE = {"lesson": 0.0, "reference": 0.5}
DROPOUT = {"lesson": 0.0, "reference": 0.1}
LONGEST = 700  # frames; a few longer ones would decide the size of every batch

LICENCE = (
    "CC-BY-SA-3.0, like the recordings; recorded by Allison Smith, financial contributions by Digium, Inc."
)
INTENDED_USE = "Teaching and research: the example voice of the DeepSense course, called 'the prompt voice'."
MUST_NOT = (
    "Must not be used to impersonate a person, nor be passed off as a person or as the speaker of the "
    "recordings. Synthetic speech must be marked as synthetic."
)


def masked_mean(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean of x where mask, which broadcasts to it, is 1; what stands elsewhere never counts."""
    mask = mask.expand_as(x)
    return torch.where(mask > 0, x, torch.zeros_like(x)).sum() / mask.sum().clamp(min=1)


def losses(prediction: Prediction, batch: Batch) -> dict[str, torch.Tensor]:
    """Mean errors over what is not padding: L1 of log-mels, logistic of voicing, and three squared ones."""
    phonemes = (batch.symbols != 0).to(prediction.mel.dtype)
    frames = prediction.frame_mask[..., 0]
    log_durations = batch.durations.clamp(min=1).to(frames.dtype).log()
    voicing = torch.nn.functional.binary_cross_entropy_with_logits(
        prediction.voicing, batch.voiced, reduction="none"
    )
    return {
        "mel": masked_mean((prediction.mel - batch.mel).abs(), prediction.frame_mask),
        "duration": masked_mean((prediction.log_durations - log_durations) ** 2, phonemes),
        "energy": masked_mean((prediction.energy - batch.energy) ** 2, phonemes),
        "pitch": masked_mean((prediction.pitch - batch.pitch) ** 2, frames * batch.voiced),
        "voicing": masked_mean(voicing, frames),
    }


def total(parts: dict[str, torch.Tensor]) -> torch.Tensor:
    """Weighted sum of the losses."""
    return sum(WEIGHTS[name] * value for name, value in parts.items())


def set_statistics(model: torch.nn.Module, stats: Statistics) -> None:
    """Write the voice's statistics into the buffers of an acoustic model or of a vocoder."""
    model.mel_mean.copy_(torch.as_tensor(stats.mel_mean))
    model.mel_std.copy_(torch.as_tensor(stats.mel_std))
    if hasattr(model, "pitch_stats"):
        model.pitch_stats.copy_(torch.tensor(stats.pitch))
    if hasattr(model, "energy_stats"):
        model.energy_stats.copy_(torch.tensor(stats.energy))


class VoiceTask:
    """What the training loop trains: a new acoustic model on examples of one voice.

    `sizes` are arguments of `ParallelTTS`; `frames` is the size of a batch and `cut_rate` the share of
    examples that is cut to a run of words.
    """

    def __init__(
        self,
        examples: list[Example],
        frames: int = 2600,
        cut_rate: float = 0.0,
        validation: list[Example] = (),
        seed: int = 0,
        **sizes,
    ):
        self.examples, self.validation = examples, validation
        self.frames, self.cut_rate = frames, cut_rate
        self.stats = statistics(examples)
        torch.manual_seed(seed)
        self.model = ParallelTTS(len(SYMBOLS), **sizes)
        set_statistics(self.model, self.stats)
        self.identity = {**self.model.configuration, "frames": frames, "cut_rate": cut_rate}

    def batches(self, rng: np.random.Generator) -> Iterator[Batch]:
        """One pass over all examples."""
        for group in batches(self.examples, self.frames, rng, self.cut_rate):
            yield collate(group, self.stats)

    def loss(
        self, model: ParallelTTS, batch: Batch, step: int
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Loss under teacher forcing, and its parts."""
        parts = losses(
            model(batch.symbols, batch.word_starts, batch.durations, batch.energy, batch.pitch, batch.voiced),
            batch,
        )
        return total(parts), parts

    @torch.no_grad()
    def validate(self, model: ParallelTTS) -> dict[str, float]:
        """Mean losses over the validation examples, one by one."""
        device = model.mel_mean.device
        found = []
        for example in self.validation:
            batch = Batch(*(x.to(device) for x in collate([example], self.stats)))
            found.append(self.loss(model, batch, 0)[1])
        return {name: float(np.mean([float(f[name]) for f in found])) for name in found[0]}


def task(scale: str, seed: int = 0) -> VoiceTask:
    """The task of one scale on the shipped recordings: "lesson" or "reference"."""
    return VoiceTask(
        load_examples("train", longest=LONGEST),
        frames=FRAMES[scale],
        cut_rate=CUT_RATE[scale],
        dropout=DROPOUT[scale],
        encoder_blocks=BLOCKS[scale][0],
        decoder_blocks=BLOCKS[scale][1],
        validation=load_examples("validation"),
        seed=seed,
    )


def make_card(name: str, model: torch.nn.Module, run: Run, command: str, seed: int) -> weights.ModelCard:
    """The model card of a voice checkpoint; what was measured is added by `tools/evaluate_voice.py`."""
    return weights.ModelCard(
        name=name,
        model=type(model).__name__,
        configuration=model.configuration,
        data=f"speech/english, SHA-256 of its recordings and labels {recordings_hash()}",
        seed=seed,
        steps=run.step,
        cpu_seconds=round(run.cpu_seconds, 1),
        figures={},
        command=command,
        licence=LICENCE,
        intended_use=INTENDED_USE,
        must_not=MUST_NOT,
    )


def run(scale: str, seed: int, out: Path, resume: bool = True) -> Run:
    """Train, and leave `voice.safetensors` and its card in the folder `out`."""
    config = RunConfig(**{**vars(CONFIG[scale]), "seed": seed, "validate_every": 250})
    job = task(scale, seed)
    result = fit(job, config, out, resume)
    command = f"python -m deepsense_lib train voice --scale {scale} --seed {seed}"
    arrays = weights.to_arrays(job.model.state_dict())
    weights.save(Path(out) / "voice", arrays, make_card("voice", job.model, result, command, seed), half=True)
    return result
