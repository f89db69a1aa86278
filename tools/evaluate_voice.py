"""Measure the voice checkpoints and write what was found into their model cards.

    python tools/evaluate_voice.py [--folder data/checkpoints] [--voice NAME] [--keep-cards] [--sounds FOLDER]

Speaks the new sentences of the speech data set, in the domain of the recordings and outside it, one at a
time, and prints the character and word error rates that a recogniser makes on them, DNSMOS, and the
real-time factor on one core. The list of the folder's hashes is renewed when cards change.
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
from deepsense_lib.datasets.speech import new_sentences
from deepsense_lib.speech import audio
from deepsense_lib.speech.phonemes import encode, phonemize
from deepsense_lib.torch_models.parallel_tts import ParallelTTS
from deepsense_lib.torch_models.vocoder import Vocoder


def speak(voice: ParallelTTS, vocoder: Vocoder, sentence: str):
    """Samples (n,) at 16 kHz, and the CPU-seconds that the two networks took."""
    spoken = phonemize(sentence)
    symbols, starts = torch.from_numpy(encode(spoken.symbols)), torch.tensor(spoken.word_starts)
    began = time.process_time()
    speech = voice.infer(symbols, starts)
    samples = vocoder.infer(speech.log_mel, speech.f0)
    return samples.numpy(), time.process_time() - began


def measure(voice: ParallelTTS, vocoder: Vocoder, sounds: Path | None) -> dict[str, float]:
    """The figures of the two checkpoints together; the recogniser's mistakes are printed."""
    recogniser, quality = judge_speech.Recogniser(), judge_speech.SoundQuality()
    speak(voice, vocoder, "a first sentence to warm up")
    figures, seconds, spent = {}, 0.0, 0.0
    for domain in ("in", "outside"):
        sentences = new_sentences(domain)
        spoken = []
        for number, sentence in enumerate(sentences):
            samples, cost = speak(voice, vocoder, sentence)
            spoken.append(samples)
            seconds, spent = seconds + len(samples) / judge_speech.RATE, spent + cost
            if sounds is not None:
                audio.save(sounds / f"{domain}-{number:02d}.wav", samples, synthetic=True)
        verdicts = judge_speech.judge(spoken, sentences, recogniser, quality)
        for verdict in verdicts:
            if verdict.heard != verdict.reference:
                print(f"  said: {verdict.reference}\n heard: {verdict.heard}")
        found = judge_speech.summary(verdicts)
        figures |= {f"{name}_{domain}": round(found[name], 4) for name in ("cer", "wer", "dnsmos")}
    return {**figures, "real_time_factor_one_core": round(spent / seconds, 4)}


def main() -> None:
    """Measure, print, and write the cards."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("data/checkpoints"))
    parser.add_argument("--voice", default="voice", help="name of the acoustic checkpoint in the folder")
    parser.add_argument("--keep-cards", action="store_true", help="print only, write nothing")
    parser.add_argument("--sounds", type=Path, help="folder that takes the spoken sentences")
    options = parser.parse_args()
    torch.set_num_threads(1)
    loaded = {name: weights.load(options.folder / name) for name in (options.voice, "vocoder")}
    voice = weights.build(ParallelTTS, *loaded[options.voice])
    vocoder = weights.build(Vocoder, *loaded["vocoder"])
    figures = measure(voice, vocoder, options.sounds)
    for name, value in figures.items():
        print(f"{name:28s} {value}")
    if not options.keep_cards:
        for name, (arrays, card) in loaded.items():
            card = dataclasses.replace(card, figures={**card.figures, **figures})
            weights.save(options.folder / name, arrays, card, half=card.storage == "float16")
        write_sums(options.folder)


if __name__ == "__main__":
    main()
