"""Measure the checkpoint with attention and write what was found into its model card.

    python tools/evaluate_tacotron.py [--folder data/checkpoints] [--keep-card] [--sounds FOLDER]
    python tools/evaluate_tacotron.py --prompts-only RUN

The model says the new and the hard sentences freely, with the shipped vocoder. An outside recogniser
writes down what it hears (not of the hard ones: it mistakes rows of one word even when they are recorded).
The alignments are measured: an alignment is complete when every symbol was read, monotone when the reader
never went back by more than one symbol, and both count only if the model ended by itself.

The second form trains the same model on the prompts alone, in the folder RUN, and measures what the sentences
of the parallel model are good for: prompts that it has learned against new sentences.
"""

import argparse
import dataclasses
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))  # the judge is a tool beside this one

import judge_speech

from deepsense_lib import weights
from deepsense_lib.datasets.registry import write_sums
from deepsense_lib.datasets.speech import DOMAINS, load_english, new_sentences
from deepsense_lib.formulas.attention import coverage, focus_rate, monotonicity
from deepsense_lib.speech import audio
from deepsense_lib.speech.phonemes import encode, phonemize
from deepsense_lib.torch_models.tacotron import Tacotron
from deepsense_lib.torch_models.vocoder import Vocoder
from deepsense_lib.training.loop import fit
from deepsense_lib.training.recipes import tacotron as recipe

PROMPTS_ONLY_STEPS = 4000


def measure(model: Tacotron, vocoder: Vocoder, sounds: Path | None) -> dict[str, float]:
    """The figures of the model; the recogniser's mistakes are printed."""
    recogniser, quality = judge_speech.Recogniser(), judge_speech.SoundQuality()
    figures, spent, seconds = {}, 0.0, 0.0
    for domain in DOMAINS:
        sentences, said, alignments, stopped = new_sentences(domain), [], [], []
        for number, sentence in enumerate(sentences):
            spoken = phonemize(sentence)
            began = time.process_time()
            speech = model.infer(torch.from_numpy(encode(spoken.symbols)), torch.tensor(spoken.word_starts))
            said.append(vocoder.infer(speech.log_mel, speech.f0).numpy())
            spent, seconds = spent + time.process_time() - began, seconds + len(said[-1]) / judge_speech.RATE
            alignments.append(speech.alignment.numpy())
            stopped.append(speech.stopped)
            if sounds is not None:
                audio.save(sounds / f"{domain}-{number:02d}.wav", said[-1], synthetic=True)
        good = [
            end and coverage(a) == 1 and monotonicity(a, slack=1) == 1
            for a, end in zip(alignments, stopped, strict=True)
        ]
        figures |= {
            f"complete_and_monotone_{domain}": round(sum(good) / len(good), 4),
            f"stopped_by_itself_{domain}": round(sum(stopped) / len(stopped), 4),
            f"focus_rate_{domain}": round(sum(map(focus_rate, alignments)) / len(alignments), 4),
        }
        if domain != "hard":
            verdicts = judge_speech.judge(said, sentences, recogniser, quality)
            for verdict in verdicts:
                if verdict.heard != verdict.reference:
                    print(f"  said: {verdict.reference}\n heard: {verdict.heard}")
            found = judge_speech.summary(verdicts)
            figures |= {f"{name}_{domain}": round(found[name], 4) for name in ("cer", "wer", "dnsmos")}
    return {**figures, "real_time_factor_one_core": round(spent / seconds, 4)}


def measure_prompts_only(run: Path, vocoder: Vocoder) -> dict[str, float]:
    """Character error rates of a model that learned prompts alone: on 25 of them and on new sentences."""
    job = recipe.task("reference", spoken=0)
    model = fit(job, dataclasses.replace(recipe.CONFIG["reference"], steps=PROMPTS_ONLY_STEPS), run).model
    learned = [u for u in load_english("train") if 160 < len(u.f0) < 400][:25]
    pairs = {
        "learned_prompts": [(u.text, u.symbols, u.word_starts) for u in learned],
        "in": [(t, *phonemize(t)[:2]) for t in new_sentences("in")],
    }
    figures, recogniser = {}, judge_speech.Recogniser()
    for name, rows in pairs.items():
        said = []
        for _, symbols, starts in rows:
            speech = model.infer(torch.from_numpy(encode(symbols)), torch.tensor(starts))
            said.append(vocoder.infer(speech.log_mel, speech.f0).numpy())
        found = judge_speech.summary(judge_speech.judge(said, [text for text, _, _ in rows], recogniser))
        figures[f"prompts_only_cer_{name}"] = round(found["cer"], 4)
    return figures


def main() -> None:
    """Measure, print, and write the card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("data/checkpoints"))
    parser.add_argument("--keep-card", action="store_true", help="print only, write nothing")
    parser.add_argument(
        "--prompts-only", type=Path, metavar="RUN", help="train and measure without sentences"
    )
    parser.add_argument("--sounds", type=Path, help="folder that takes what was said")
    options = parser.parse_args()
    torch.set_num_threads(1)
    arrays, card = weights.load(options.folder / "tacotron")
    model = weights.build(Tacotron, arrays, card).eval()
    vocoder = weights.build(Vocoder, *weights.load(Path("data/checkpoints") / "vocoder"))
    if options.prompts_only is not None:
        figures = measure_prompts_only(options.prompts_only, vocoder)
    else:
        figures = measure(model, vocoder, options.sounds)
    for name, value in figures.items():
        print(f"{name:40s} {value}")
    if not options.keep_card:
        card = dataclasses.replace(card, figures={**card.figures, **figures})
        weights.save(options.folder / "tacotron", arrays, card, half=card.storage == "float16")
        write_sums(options.folder)


if __name__ == "__main__":
    main()
