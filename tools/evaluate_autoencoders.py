"""Measure the autoencoders of speech and the voice that speaks through one; write the figures into the cards.

    python tools/evaluate_autoencoders.py [--folder data/checkpoints] [--keep-cards]
    python tools/evaluate_autoencoders.py --rates RUNS

The first form codes and decodes the test recordings, has the shipped vocoder say the result, and an outside
recogniser write down what it hears; then the text-to-code predictor says the new sentences. The second trains
autoencoders with tighter and wider bottlenecks in the folder RUNS, all for the same number of steps, measures
each on the same recordings, and writes rate and distortion to `data/experiments/autoencoders.json`.
"""

import argparse
import dataclasses
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))  # the judge is a tool beside this one

import judge_speech

from deepsense_lib import weights
from deepsense_lib.datasets.registry import data_dir, write_sums
from deepsense_lib.datasets.speech import load_english, new_sentences
from deepsense_lib.formulas.autoencoder import bits_per_second, perplexity
from deepsense_lib.speech.features import log_mel
from deepsense_lib.speech.phonemes import encode, phonemize
from deepsense_lib.torch_models.autoencoder import SpeechAutoencoder
from deepsense_lib.torch_models.parallel_tts import ParallelTTS
from deepsense_lib.torch_models.vocoder import Vocoder
from deepsense_lib.training.loop import RunConfig, fit
from deepsense_lib.training.recipes import autoencoder as recipe
from deepsense_lib.training.voice_data import load_examples

FRAMES_A_SECOND = 80
RATE_STEPS = 800
RATES = {  # name: noise taken for granted, sizes
    "gaussian, noise 0.1": (0.1, {"kind": "gaussian", "code": 32}),
    "gaussian, noise 0.2": (0.2, {"kind": "gaussian", "code": 32}),
    "gaussian, noise 0.4": (0.4, {"kind": "gaussian", "code": 32}),
    "gaussian, noise 0.8": (0.8, {"kind": "gaussian", "code": 32}),
    "gaussian, noise 1.6": (1.6, {"kind": "gaussian", "code": 32}),
    "vector, 1 group": (recipe.NOISE, {"kind": "vector", "code": 64, "groups": 1}),
    "vector, 2 groups": (recipe.NOISE, {"kind": "vector", "code": 64, "groups": 2}),
    "vector, 4 groups": (recipe.NOISE, {"kind": "vector", "code": 64, "groups": 4}),
    "vector, 8 groups": (recipe.NOISE, {"kind": "vector", "code": 64, "groups": 8}),
    "vector, 16 groups": (recipe.NOISE, {"kind": "vector", "code": 64, "groups": 16}),
    "plain, 2 numbers": (recipe.NOISE, {"kind": "plain", "code": 2}),
    "plain, 8 numbers": (recipe.NOISE, {"kind": "plain", "code": 8}),
    "plain, 32 numbers": (recipe.NOISE, {"kind": "plain", "code": 32}),
}


def said_again(model: SpeechAutoencoder, vocoder: Vocoder, mel: np.ndarray, f0: np.ndarray) -> np.ndarray:
    """Samples of an utterance that went through the autoencoder."""
    speech = model.speech_of(model.code_of(torch.from_numpy(mel), torch.from_numpy(f0)).code[0])
    return vocoder.infer(*(x[: len(mel)] for x in speech)).numpy()


@torch.no_grad()
def rate_and_distortion(model: SpeechAutoencoder) -> dict[str, float]:
    """Distortion on the test recordings, bits a second, and how many entries are in use."""
    job = recipe.AutoencoderTask(load_examples("train"), load_examples("test"))
    batches = [recipe.make_batch([e], job.stats) for e in job.validation]
    outputs = [model(b.frames, b.mask) for b in batches]
    pairs = list(zip(outputs, batches, strict=True))
    found = {
        "distortion": float(np.mean([float(recipe.distortion(o.frames, b.frames, b.mask)) for o, b in pairs]))
    }
    steps = FRAMES_A_SECOND / model.stride
    if model.kind == "gaussian":
        nats = torch.cat([o.coded.cost[0] for o in outputs]).mean()
        found["bits_per_second"] = bits_per_second(float(nats), steps)
    if model.kind == "vector":
        groups, entries = model.quantizer.codebook.shape[:2]
        chosen = torch.cat([o.coded.indices[0] for o in outputs]).numpy()
        counts = [np.bincount(chosen[:, g], minlength=entries) for g in range(groups)]
        found["bits_per_second"] = bits_per_second(groups * np.log(entries), steps)
        found["perplexity"] = float(np.mean([perplexity(c) for c in counts]))
        found["entries_in_use"] = float(np.mean([(c > 0).mean() for c in counts]))
    return {name: round(value, 4) for name, value in found.items()}


def heard(sounds: list[np.ndarray], texts: list[str], judges, domain: str) -> dict[str, float]:
    """Error rates and sound quality, each name with the domain behind it."""
    found = judge_speech.summary(judge_speech.judge(sounds, texts, *judges))
    return {f"{name}_{domain}": round(found[name], 4) for name in ("cer", "wer", "dnsmos")}


def measure_reconstruction(model: SpeechAutoencoder, vocoder: Vocoder, judges) -> dict[str, float]:
    """How the test recordings sound after the autoencoder, with its rate and distortion."""
    recordings = load_english("test")
    sounds = [said_again(model, vocoder, log_mel(u.audio()), u.f0.astype("float32")) for u in recordings]
    return {
        **rate_and_distortion(model),
        **heard(sounds, [u.text for u in recordings], judges, "reconstruction"),
    }


def measure_floor(vocoder: Vocoder, judges) -> dict[str, float]:
    """The same recordings as they are, and with nothing but the vocoder in between."""
    recordings = load_english("test")
    texts, samples = [u.text for u in recordings], [u.audio() for u in recordings]
    vocoded = [
        vocoder.infer(torch.from_numpy(log_mel(s)), torch.from_numpy(u.f0.astype("float32"))).numpy()
        for u, s in zip(recordings, samples, strict=True)
    ]
    return {**heard(samples, texts, judges, "recordings"), **heard(vocoded, texts, judges, "vocoder_alone")}


def measure_voice(
    voice: ParallelTTS, autoencoder: SpeechAutoencoder, vocoder: Vocoder, judges
) -> dict[str, float]:
    """How the new sentences are understood when the predictor writes the code."""
    figures, spent, seconds = {}, 0.0, 0.0
    for domain in ("in", "outside"):
        sentences, said = new_sentences(domain), []
        for sentence in sentences:
            spoken = phonemize(sentence)
            began = time.process_time()
            code = voice.infer(torch.from_numpy(encode(spoken.symbols)), torch.tensor(spoken.word_starts))
            said.append(vocoder.infer(*autoencoder.speech_of(code.log_mel)).numpy())
            spent, seconds = spent + time.process_time() - began, seconds + len(said[-1]) / judge_speech.RATE
        figures |= heard(said, sentences, judges, domain)
    return {**figures, "real_time_factor_one_core": round(spent / seconds, 4)}


def measure_rates(runs: Path, vocoder: Vocoder, judges, out: Path) -> None:
    """Train and measure every bottleneck of RATES; keep what is already in the file."""
    rows = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
    if "floor" not in rows:
        rows["floor"] = measure_floor(vocoder, judges)
    for name, (noise, sizes) in RATES.items():
        if name in rows:
            continue
        job = recipe.task("lesson", noise=noise, **sizes)
        settings = {**vars(recipe.CONFIG["lesson"]), "steps": RATE_STEPS, "learning_rate": 2e-3}
        model = fit(job, RunConfig(**settings), runs / name.replace(", ", "-").replace(" ", "-")).model
        rows[name] = {"noise": noise, "steps": RATE_STEPS, **sizes}
        rows[name] |= measure_reconstruction(model, vocoder, judges)
        out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
        print(name, rows[name], flush=True)
    write_sums(out.parent)


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("data/checkpoints"))
    parser.add_argument("--only", choices=("vae", "vq", "code_voice"), help="measure one of the three")
    parser.add_argument("--keep-cards", action="store_true", help="print only, write nothing")
    parser.add_argument("--rates", type=Path, metavar="RUNS", help="train and measure many bottlenecks")
    options = parser.parse_args()
    torch.set_num_threads(1)
    vocoder = weights.build(Vocoder, *weights.load(data_dir() / "checkpoints" / "vocoder"))
    judges = (judge_speech.Recogniser(), judge_speech.SoundQuality())
    if options.rates is not None:
        measure_rates(options.rates, vocoder, judges, data_dir() / "experiments" / "autoencoders.json")
        return
    for name in (options.only,) if options.only else ("vae", "vq", "code_voice"):
        arrays, card = weights.load(options.folder / name)
        if name == "code_voice":
            vae = weights.build(SpeechAutoencoder, *weights.load(options.folder / "vae"))
            figures = measure_voice(weights.build(ParallelTTS, arrays, card), vae, vocoder, judges)
        else:
            model = weights.build(SpeechAutoencoder, arrays, card)
            figures = measure_reconstruction(model, vocoder, judges)
        print(name, json.dumps(figures, indent=1))
        if not options.keep_cards:
            card = dataclasses.replace(card, figures={**card.figures, **figures})
            weights.save(options.folder / name, arrays, card, half=card.storage == "float16")
            write_sums(options.folder)


if __name__ == "__main__":
    main()
