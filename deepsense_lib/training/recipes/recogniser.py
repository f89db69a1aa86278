"""The judge that ships: a phone recogniser trained on the real recordings of the prompt voice."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from deepsense_lib import weights
from deepsense_lib.datasets.speech import recordings_hash
from deepsense_lib.evaluation.speech import edit_distance
from deepsense_lib.torch_models.recogniser import BLANK, PHONES, SILENCE, PhoneRecogniser
from deepsense_lib.training.loop import Run, RunConfig, fit
from deepsense_lib.training.recogniser_data import Heard, Spoken, batches, load_spoken

CONFIG = {
    "lesson": RunConfig(steps=400, learning_rate=3e-3, warmup_steps=50),
    "reference": RunConfig(steps=2400, learning_rate=2e-3, warmup_steps=100, ema=0.995, validate_every=300),
}
LICENCE = (
    "CC-BY-SA-3.0, like the recordings; recorded by Allison Smith, financial contributions by Digium, Inc."
)
INTENDED_USE = (
    "Teaching: measures whether speech in the prompt voice, recorded or synthetic, holds the phones that it "
    "should."
)
MUST_NOT = (
    "Must not be used to transcribe people, nor to compare voices: it knows one speaker, and its error rates "
    "are higher for every other."
)
FRAMES = 4000  # in a batch, about
COPIES = (2, 4)  # iterations of Griffin-Lim


class RecogniserTask:
    """What the training loop trains: a new recogniser, by the connectionist temporal classification loss."""

    def __init__(self, everything: list[Spoken], validation: list[Spoken] = (), seed: int = 0, **sizes):
        self.everything, self.validation = everything, validation
        torch.manual_seed(seed)
        self.model = PhoneRecogniser(**sizes)
        mels = np.concatenate([spoken.log_mel for spoken in everything])
        self.model.mel_mean.copy_(torch.from_numpy(mels.mean(0)))
        self.model.mel_std.copy_(torch.from_numpy(mels.std(0)))
        self.identity = {**self.model.configuration, "frames": FRAMES}

    def batches(self, rng: np.random.Generator) -> Iterator[Heard]:
        """One pass over the material, each time cut and spoiled in another way."""
        return batches(self.everything, FRAMES, rng, SILENCE)

    def loss(
        self, model: PhoneRecogniser, batch: Heard, step: int
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return the negative log-likelihood of a label, Graves et al. (2006), equation 8 per label."""
        logits, lengths = model(batch.log_mel, batch.frames)
        total = torch.nn.functional.ctc_loss(
            logits.log_softmax(-1).transpose(0, 1),
            batch.labels,
            lengths,
            batch.counts,
            blank=BLANK,
            reduction="sum",
            zero_infinity=True,
        )
        return total / batch.counts.sum(), {}

    def validate(self, model: PhoneRecogniser) -> dict[str, float]:
        """Return the phone error rate on the validation utterances."""
        wrong, count = 0, 0
        for spoken in self.validation:
            said = [PHONES[number - 1] for number in spoken.labels if number > 0]
            wrong += edit_distance(said, model.transcribe(spoken.log_mel))
            count += len(said)
        return {"phone_error_rate": wrong / count}


def task(scale: str, seed: int = 0) -> RecogniserTask:
    """The task of one scale on the shipped recordings: "lesson" or "reference"."""
    copies = COPIES if scale == "reference" else ()
    return RecogniserTask(load_spoken("train", copies), load_spoken("validation"), seed)


def run(scale: str, seed: int, out: Path, resume: bool = True) -> Run:
    """Train, and leave `judge.safetensors` and its card in the folder `out`."""
    job = task(scale, seed)
    result = fit(job, RunConfig(**{**vars(CONFIG[scale]), "seed": seed}), out, resume)
    card = weights.ModelCard(
        name="judge",
        model=type(job.model).__name__,
        configuration=job.model.configuration,
        data=f"speech/english, SHA-256 of its recordings and labels {recordings_hash()}",
        seed=seed,
        steps=result.step,
        cpu_seconds=round(result.cpu_seconds, 1),
        figures={},
        command=f"python -m deepsense_lib train recogniser --scale {scale} --seed {seed}",
        licence=LICENCE,
        intended_use=INTENDED_USE,
        must_not=MUST_NOT,
    )
    weights.save(Path(out) / "judge", weights.to_arrays(job.model.state_dict()), card, half=True)
    return result
