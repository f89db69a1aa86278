"""Measure the sequence-to-sequence checkpoint and write what was found into its model card.

    python tools/evaluate_seq2seq.py [--folder data/checkpoints] [--keep-card] [--sounds FOLDER]

The model says its training prompts, longer recordings of the voice by length, and the new sentences, all
freely and with the shipped vocoder. An outside recogniser writes down what it hears. Many prompts are a
single word, which it mistakes even in the recordings; so the training prompts are joined to stretches of some
25 s, and their recordings are judged in the same way: their rate is the floor of the measurement.
"""

import argparse
import dataclasses
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))  # the judge is a tool beside this one

import judge_speech

from deepsense_lib import weights
from deepsense_lib.datasets.registry import write_sums
from deepsense_lib.datasets.speech import load_english, new_sentences
from deepsense_lib.speech import audio
from deepsense_lib.speech.phonemes import encode, phonemize
from deepsense_lib.torch_models.seq2seq import Seq2SeqTTS
from deepsense_lib.torch_models.vocoder import Vocoder
from deepsense_lib.training.recipes import seq2seq as recipe

FRAMES_PER_SECOND = 80
CLASSES = {"2_to_3_s": (2, 3), "3_to_4_s": (3, 4), "4_to_6_s": (4, 6)}  # of recordings that were not learned
MOST = 25  # recordings of a class


def texts() -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    """Pairs of text and symbols: the prompts that were learned, longer ones, and the new sentences."""
    limit = recipe.LONGEST["reference"]
    recordings = sorted(load_english("train"), key=lambda u: u.id)
    found = {"training_prompts": [(u.text, u.symbols) for u in recordings if len(u.f0) <= limit]}
    for name, (low, high) in CLASSES.items():
        inside = [
            u
            for u in recordings
            if low * FRAMES_PER_SECOND < len(u.f0) <= high * FRAMES_PER_SECOND and len(u.f0) > limit
        ]
        found[name] = [(u.text, u.symbols) for u in inside[:MOST]]
    short = [u for u in load_english("test") if len(u.f0) <= limit]
    found["test_prompts_as_short"] = [(u.text, u.symbols) for u in short]
    found["new_sentences"] = [(text, phonemize(text).symbols) for text in new_sentences("in")]
    return found


def character_error_rate(sounds: list, texts: list[str], recogniser, joined: bool) -> float:
    """The rate that the recogniser makes on sounds, joined or one by one; its mistakes are printed."""
    if joined:
        sounds, texts = judge_speech.join(sounds, texts)
    verdicts = judge_speech.judge(sounds, texts, recogniser)
    for verdict in verdicts:
        if verdict.heard != verdict.reference:
            print(f"  said: {verdict.reference}\n heard: {verdict.heard}")
    return round(judge_speech.summary(verdicts)["cer"], 4)


def main() -> None:
    """Measure, print, and write the card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("data/checkpoints"))
    parser.add_argument("--keep-card", action="store_true", help="print only, write nothing")
    parser.add_argument("--sounds", type=Path, help="folder that takes what was said")
    options = parser.parse_args()
    torch.set_num_threads(1)
    arrays, card = weights.load(options.folder / "seq2seq")
    model = weights.build(Seq2SeqTTS, arrays, card)
    vocoder = weights.build(Vocoder, *weights.load(options.folder / "vocoder"))
    recogniser, figures = judge_speech.Recogniser(), {}
    for name, pairs in texts().items():
        said, ended = [], 0
        for number, (_, symbols) in enumerate(pairs):
            speech = model.infer(torch.from_numpy(encode(symbols)))
            said.append(vocoder.infer(speech.log_mel, speech.f0).numpy())
            ended += speech.stopped
            if options.sounds is not None:
                audio.save(options.sounds / f"{name}-{number:03d}.wav", said[-1], synthetic=True)
        cer = character_error_rate(
            said, [text for text, _ in pairs], recogniser, joined=name == "training_prompts"
        )
        figures |= {f"count_{name}": len(pairs), f"cer_{name}": cer}
        figures[f"stopped_by_itself_{name}"] = round(ended / len(pairs), 4)
    learned = [u for u in load_english("train") if len(u.f0) <= recipe.LONGEST["reference"]]
    figures["cer_recordings_of_training_prompts"] = character_error_rate(
        [u.audio() for u in learned], [u.text for u in learned], recogniser, joined=True
    )
    for name, value in figures.items():
        print(f"{name:40s} {value}")
    if not options.keep_card:
        card = dataclasses.replace(card, figures={**card.figures, **figures})
        weights.save(options.folder / "seq2seq", arrays, card, half=card.storage == "float16")
        write_sums(options.folder)


if __name__ == "__main__":
    main()
