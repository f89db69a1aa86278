"""Text to code: the parallel model of the course learns to predict the code of the variational autoencoder.

The encoder is needed for training alone. To speak, the predictor writes a code and the decoder says it.
"""

import dataclasses
from pathlib import Path

import numpy as np
import torch

from deepsense_lib import weights
from deepsense_lib.datasets.registry import data_dir
from deepsense_lib.torch_models.autoencoder import SpeechAutoencoder
from deepsense_lib.training.loop import Run, RunConfig, fit
from deepsense_lib.training.recipes.voice import LONGEST, VoiceTask, make_card
from deepsense_lib.training.voice_data import HOP, Example, load_examples, make_example

CONFIG = {
    "lesson": RunConfig(steps=400, learning_rate=1.5e-3, warmup_steps=50),
    "reference": RunConfig(steps=2000, learning_rate=1e-3, warmup_steps=100, ema=0.995),
}
STEPS = 800  # steps of the code in a batch, about
SIZES = {
    "lesson": {"encoder_blocks": 3, "decoder_blocks": 4},
    "reference": {"encoder_blocks": 4, "decoder_blocks": 6, "dropout": 0.1},
}
CUT_RATE = {"lesson": 0.0, "reference": 0.5}


def code_durations(durations: np.ndarray, stride: int) -> np.ndarray:
    """Durations in frames (phonemes,) become durations in steps of the code.

    The sum is the number of steps that the frames fill, the last one perhaps in part. Ends are rounded, so
    no error adds up; a phoneme shorter than a step may get none.
    """
    ends = np.cumsum(durations)
    steps = (2 * ends + stride) // (2 * stride)  # ends / stride, halves up
    steps[-1] = -(-ends[-1] // stride)
    return np.diff(np.minimum(steps, steps[-1]), prepend=0)


def code_f0(f0: np.ndarray, stride: int) -> np.ndarray:
    """F0 in Hz (frames,) becomes one value a step: the mean of its voiced frames, 0 if none is voiced."""
    rows = np.pad(f0, (0, -len(f0) % stride)).reshape(-1, stride)
    count = (rows > 0).sum(1)
    return rows.sum(1) / np.maximum(count, 1)


def code_example(example: Example, autoencoder: SpeechAutoencoder) -> Example:
    """The example as the predictor sees it: what was a log-mel is the code, what was a frame is a step."""
    code = autoencoder.code_of(torch.from_numpy(example.log_mel), torch.from_numpy(example.f0)).code[0]
    stride = autoencoder.stride
    return make_example(
        example.symbols,
        example.word_starts,
        code_durations(example.durations, stride),
        code.numpy(),
        code_f0(example.f0, stride),
        np.zeros(len(code) * HOP),
    )


def task(scale: str, autoencoder: SpeechAutoencoder, seed: int = 0) -> VoiceTask:
    """The task of one scale on the shipped recordings, for one autoencoder."""
    autoencoder.eval()
    return VoiceTask(
        [code_example(e, autoencoder) for e in load_examples("train", longest=LONGEST)],
        frames=STEPS,
        cut_rate=CUT_RATE[scale],
        validation=[code_example(e, autoencoder) for e in load_examples("validation")],
        seed=seed,
        mels=autoencoder.configuration["code"],
        **SIZES[scale],
    )


def run(scale: str, seed: int, out: Path, resume: bool = True, autoencoder: str | Path | None = None) -> Run:
    """Train for an autoencoder (default: the shipped `vae`); leave `code_voice` and its card in `out`."""
    arrays, card = weights.load(autoencoder or data_dir() / "checkpoints" / "vae")
    job = task(scale, weights.build(SpeechAutoencoder, arrays, card), seed)
    job.identity |= {"autoencoder": card.sha256}
    every = 250 if scale == "reference" else None
    result = fit(
        job, RunConfig(**{**vars(CONFIG[scale]), "seed": seed, "validate_every": every}), out, resume
    )
    command = f"python -m deepsense_lib train code_voice --scale {scale} --seed {seed}"
    made = make_card("code_voice", job.model, result, command, seed)
    made = dataclasses.replace(made, data=f"{made.data}; coded by the checkpoint vae, SHA-256 {card.sha256}")
    weights.save(Path(out) / "code_voice", weights.to_arrays(job.model.state_dict()), made, half=True)
    return result
