"""Speech with attention: prompts of the voice, learned without being told which symbol is spoken when.

Twenty minutes of prompts are learned almost by heart, and new sentences are said much worse. So the reference
run also learns from what the parallel model of the course says: new texts from words of the training texts.
"""

import dataclasses
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from deepsense_lib import weights
from deepsense_lib.datasets.registry import data_dir
from deepsense_lib.datasets.speech import load_english
from deepsense_lib.speech.phonemes import SYMBOLS, encode, phonemize
from deepsense_lib.torch_models.parallel_tts import ParallelTTS
from deepsense_lib.torch_models.tacotron import Prediction, Tacotron
from deepsense_lib.training import toy_language
from deepsense_lib.training.loop import Run, RunConfig, fit
from deepsense_lib.training.recipes import seq2seq
from deepsense_lib.training.recipes.seq2seq import Batch, make_batch
from deepsense_lib.training.recipes.voice import make_card, masked_mean, set_statistics
from deepsense_lib.training.voice_data import HOP, Example, batches, load_examples, make_example, statistics

CONFIG = {
    "lesson": RunConfig(steps=300, learning_rate=2e-3, warmup_steps=40),
    "reference": RunConfig(steps=3000, learning_rate=1.2e-3, warmup_steps=100, ema=0.998),
}
SIZES = {
    "lesson": {"width": 128, "hidden": 256, "encoder_blocks": 2, "rnn": 192, "reduction": 5},
    "reference": {"reduction": 3},
}
TOY_SIZES = {
    "width": 32,
    "hidden": 64,
    "kernel": 3,
    "encoder_blocks": 1,
    "rnn": 64,
    "prenet_width": 32,
    "reduction": 1,
    "postnet_width": 16,
    "postnet_blocks": 1,
    "dropout": 0.2,
    "encoder_dropout": 0.0,
}
# Filters reach no further than the short texts, or what lies outside them would be met untrained.
TOY_OPTIONS = {"location": {"kernel": 7}, "dynamic": {"kernel": 7, "prior": (4, 0.2, 1.0)}}
LONGEST = {"lesson": 240, "reference": 480}  # frames of a prompt
FRAMES = {"lesson": 2400, "reference": 4000}  # in a batch, about
SPOKEN = {"lesson": 0, "reference": 900}  # sentences said by the parallel model
CUT_RATE = {"lesson": 0.0, "reference": 0.4}
WEIGHTS = {**seq2seq.WEIGHTS, "refined": 1.0, "guide": 1.0}
SPREAD = 0.2  # of the guide: how far from the diagonal is free


def guide(symbols: torch.Tensor, steps: torch.Tensor, spread: float = SPREAD) -> torch.Tensor:
    """What a weight costs by its distance from the diagonal, (batch, steps, symbols), between 0 and 1.

    symbols and steps: how many of each a row has, (batch,). Source: Tachibana, Uenoyama & Aihara (2018,
    https://arxiv.org/abs/1710.08969), section 4.1. Equation: eq-guide.
    """
    n = torch.arange(int(symbols.max()), device=symbols.device)[None, None] / symbols[:, None, None]
    t = torch.arange(int(steps.max()), device=steps.device)[None, :, None] / steps[:, None, None]
    return 1 - torch.exp(-((n - t) ** 2) / (2 * spread**2))


def losses(prediction: Prediction, batch: Batch) -> dict[str, torch.Tensor]:
    """Those of the sequence to sequence model, the refined mel's, and the guide's for the alignment."""
    cost = guide((batch.symbols != 0).sum(1), batch.step_mask.sum(1))
    off_diagonal = (prediction.alignment * cost).sum(-1)
    return {
        **seq2seq.losses(prediction, batch),
        "refined": masked_mean((prediction.refined - batch.mel).abs(), batch.mask[..., None]),
        "guide": masked_mean(off_diagonal, batch.step_mask),
    }


class TacotronTask:
    """What the training loop trains: a new model on examples of one voice, or of the toy language.

    `guide` is the weight of the guide in the loss, `sizes` are arguments of `Tacotron`.
    """

    def __init__(
        self,
        examples: list[Example],
        frames: int = 2400,
        cut_rate: float = 0.0,
        seed: int = 0,
        guide: float = WEIGHTS["guide"],
        symbols: int = len(SYMBOLS),
        **sizes,
    ):
        self.examples, self.frames, self.cut_rate = examples, frames, cut_rate
        self.weights = {**WEIGHTS, "guide": guide}
        self.stats = statistics(examples)
        torch.manual_seed(seed)
        self.model = Tacotron(symbols, **sizes)
        set_statistics(self.model, self.stats)
        self.identity = {**self.model.configuration, "frames": frames, "cut_rate": cut_rate, "guide": guide}

    def batches(self, rng: np.random.Generator) -> Iterator[Batch]:
        """One pass over all examples, like lengths together."""
        for group in batches(self.examples, self.frames, rng, self.cut_rate):
            yield make_batch(group, self.stats, self.model.reduction)

    def loss(self, model: Tacotron, batch: Batch, step: int) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Loss under teacher forcing, and its parts."""
        said = model(batch.symbols, batch.word_starts, batch.mel, batch.pitch, batch.voiced, batch.mask)
        parts = losses(said, batch)
        return sum(self.weights[name] * value for name, value in parts.items()), parts


def new_texts(count: int, seed: int = 0) -> list[str]:
    """Random texts of 3 to 12 words: each word follows the one before it in some training text.

    None is a training text.
    """
    rng = np.random.default_rng(seed)
    lines = [u.normalized.split() for u in load_english("train")]
    after: dict[str, list[str]] = {}
    for line in lines:
        for word, following in pairwise(["", *line]):
            after.setdefault(word, []).append(following)
    known, texts = {" ".join(line) for line in lines}, []
    while len(texts) < count:
        words, length = [], rng.integers(3, 13)
        while len(words) < length and (choice := after.get(words[-1] if words else "")):
            words.append(choice[rng.integers(len(choice))])
        text = " ".join(words).rstrip(" ,;:.")
        if len(words) >= 3 and text not in known:
            known.add(text)
            texts.append(text)
    return texts


@torch.no_grad()
def spoken_examples(texts: list[str], voice: ParallelTTS, longest: int) -> list[Example]:
    """What the parallel model says: log-mel, F0 and durations of each text of at most `longest` frames."""
    made = []
    for text in texts:
        spoken = phonemize(text)
        symbols, starts = torch.as_tensor(encode(spoken.symbols)), torch.as_tensor(spoken.word_starts)
        said = voice.infer(symbols, starts)
        mel, f0, durations = said.log_mel.numpy(), said.f0.numpy(), said.durations.numpy()
        if len(mel) <= longest:
            silent = np.zeros(len(mel) * HOP)
            made.append(make_example(symbols.numpy(), starts.numpy(), durations, mel, f0, silent, text))
    return made


def task(scale: str, seed: int = 0, spoken: int | None = None) -> TacotronTask:
    """The task of one scale, "lesson" or "reference": the shipped recordings and `spoken` new sentences."""
    examples = load_examples("train", longest=LONGEST[scale])
    spoken = SPOKEN[scale] if spoken is None else spoken
    teacher = {}
    if spoken:
        arrays, card = weights.load(data_dir() / "checkpoints" / "voice")
        voice = weights.build(ParallelTTS, arrays, card).eval()
        said = spoken_examples(new_texts(spoken), voice, LONGEST[scale])
        teacher = {"spoken": len(said), "voice": card.sha256}
        examples += said
    job = TacotronTask(examples, FRAMES[scale], CUT_RATE[scale], seed, **SIZES[scale])
    job.identity |= teacher
    return job


def toy_task(attention: str, guide: float = 0.0, seed: int = 0, options: dict | None = None) -> TacotronTask:
    """The task of the toy language for one kind of attention: 300 texts of 3 to 7 symbols.

    `options` are arguments of the attention, default those of TOY_OPTIONS.
    """
    return TacotronTask(
        toy_language.examples(300, (3, 7), seed=0),
        frames=500,
        seed=seed,
        guide=guide,
        symbols=toy_language.SYMBOLS + 1,
        attention=attention,
        attention_options=TOY_OPTIONS.get(attention) if options is None else options,
        mels=toy_language.BANDS,
        **TOY_SIZES,
    )


def run(scale: str, seed: int, out: Path, resume: bool = True) -> Run:
    """Train, and leave `tacotron.safetensors` and its card in the folder `out`."""
    job = task(scale, seed)
    result = fit(job, RunConfig(**{**vars(CONFIG[scale]), "seed": seed}), out, resume)
    command = f"python -m deepsense_lib train tacotron --scale {scale} --seed {seed}"
    card = make_card("tacotron", job.model, result, command, seed)
    if "voice" in job.identity:
        said = "; and {spoken} new sentences that the checkpoint voice said, SHA-256 {voice}"
        card = dataclasses.replace(card, data=card.data + said.format(**job.identity))
    weights.save(Path(out) / "tacotron", weights.to_arrays(job.model.state_dict()), card, half=True)
    return result
