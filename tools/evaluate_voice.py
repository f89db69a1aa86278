"""Measure the voice checkpoints and write what was found into their model cards.

    python tools/evaluate_voice.py [--folder data/checkpoints] [--voice NAME] [--keep-cards] [--sounds FOLDER]
    python tools/evaluate_voice.py --lesson
    python tools/evaluate_voice.py --development

The first form speaks the new sentences of the speech data set, in the domain of the recordings and outside
it, one at a time, and prints the character and word error rates that a recogniser makes on them, DNSMOS, and
the real-time factor on one core. The second trains the model of the lesson as its chapter does, and measures
ten of the new sentences, said with the vocoder of the folder. Both write into the cards and renew the hashes.
The third measures forty other sentences outside the domain and writes nothing: they serve to choose settings.
"""

import argparse
import dataclasses
import sys
import tempfile
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
from deepsense_lib.training.recipes import voice as recipe


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


def measure_development(voice: ParallelTTS, vocoder: Vocoder) -> dict[str, float]:
    """The character error rate on the sentences with which settings are chosen."""
    sentences = Path(__file__).with_name("development_sentences.txt").read_text(encoding="utf-8").splitlines()
    spoken = [speak(voice, vocoder, sentence)[0] for sentence in sentences]
    return {
        "cer": judge_speech.summary(judge_speech.judge(spoken, sentences, judge_speech.Recogniser()))["cer"]
    }


def measure_lesson(vocoder: Vocoder) -> dict[str, float]:
    """The character error rate of the lesson's model on ten new sentences, and what its training cost."""
    sentences = new_sentences("in")[:10]
    with tempfile.TemporaryDirectory() as folder:
        run = recipe.run("lesson", 0, Path(folder))
        voice = weights.build(ParallelTTS, *weights.load(Path(folder) / "voice"))
    spoken = [speak(voice, vocoder, sentence)[0] for sentence in sentences]
    verdicts = judge_speech.judge(spoken, sentences, judge_speech.Recogniser())
    for verdict in verdicts:
        if verdict.heard != verdict.reference:
            print(f"  said: {verdict.reference}\n heard: {verdict.heard}")
    cer = judge_speech.summary(verdicts)["cer"]
    return {"lesson_cer_in_ten": round(cer, 4), "lesson_cpu_seconds": round(run.cpu_seconds, 1)}


def main() -> None:
    """Measure, print, and write the cards."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("data/checkpoints"))
    parser.add_argument("--voice", default="voice", help="name of the acoustic checkpoint in the folder")
    parser.add_argument("--lesson", action="store_true", help="measure the model that the lesson trains")
    parser.add_argument("--development", action="store_true", help="measure the sentences for choosing")
    parser.add_argument("--keep-cards", action="store_true", help="print only, write nothing")
    parser.add_argument("--sounds", type=Path, help="folder that takes the spoken sentences")
    options = parser.parse_args()
    torch.set_num_threads(1)
    loaded = {name: weights.load(options.folder / name) for name in (options.voice, "vocoder")}
    voice = weights.build(ParallelTTS, *loaded[options.voice])
    vocoder = weights.build(Vocoder, *loaded["vocoder"])
    if options.development:
        figures = measure_development(voice, vocoder)
    elif options.lesson:
        figures = measure_lesson(vocoder)
    else:
        figures = measure(voice, vocoder, options.sounds)
    for name, value in figures.items():
        print(f"{name:28s} {value}")
    if not (options.keep_cards or options.development):
        for name, (arrays, card) in loaded.items():
            if options.lesson and name == "vocoder":
                continue  # the figures of the lesson belong to the voice
            card = dataclasses.replace(card, figures={**card.figures, **figures})
            weights.save(options.folder / name, arrays, card, half=card.storage == "float16")
        write_sums(options.folder)


if __name__ == "__main__":
    main()
